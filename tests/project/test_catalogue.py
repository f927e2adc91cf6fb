"""What the migrated database really is: keys that begin with the region, nothing that counts, nothing that cascades.

The models and the migrations say what is meant; this asks PostgreSQL. What holds here holds on Citus, where a unique or
foreign key without the region cannot exist.
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
import pytest

from canbao.kernel.connections import connection
from canbao.kernel.distribute import Place, place_of
from canbao.kernel.regions import LOCAL_PREFIXES, LOCAL_TABLES, NATIONAL_TABLES, REFERENCE_TABLES
from canbao.site.migrate import append_only_tables
from tests.owner import as_owner

pytestmark = pytest.mark.usefixtures("database")

NAME_LENGTH_MAX = 63
DJANGO_MADE_NAME = r"_[0-9a-f]{8}(_(uniq|fk|pk|like|check))?$"
"""The names Django thinks up end in a digest of eight; a name that somebody chose says what is guarded."""


@dataclass(frozen=True, slots=True)
class Index:
    """A unique or exclusion index: its table, its name and its columns in order."""

    table: str
    name: str
    columns: list[str]


def asked(question: str) -> list[tuple[object, ...]]:
    """Rows of a question to the catalogue."""
    with as_owner() as session:
        return session.execute(question.encode()).fetchall()


def own_tables() -> set[str]:
    """Every table that is ours: not the job queue's and not Django's."""
    rows = asked("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {str(name) for (name,) in rows if not str(name).startswith(LOCAL_PREFIXES)}


def regional_tables() -> set[str]:
    """Every table whose rows belong to a region."""
    return {table for table in own_tables() if place_of(table) is Place.REGIONAL}


def unique_indexes() -> list[Index]:
    """Every unique and every exclusion index of ours, primary keys included."""
    rows = asked("""
        SELECT owned.relname, index.relname,
               ARRAY(SELECT attribute.attname::text
                     FROM unnest(told.indkey::smallint[]) WITH ORDINALITY AS key (number, place)
                     LEFT JOIN pg_attribute AS attribute
                         ON attribute.attrelid = owned.oid AND attribute.attnum = key.number
                     ORDER BY key.place)
        FROM pg_index AS told
        JOIN pg_class AS owned ON owned.oid = told.indrelid
        JOIN pg_class AS index ON index.oid = told.indexrelid
        WHERE owned.relnamespace = 'public'::regnamespace AND (told.indisunique OR told.indisexclusion)
    """)
    ours = own_tables()
    return [Index(str(table), str(name), columns) for table, name, columns in rows if table in ours]  # type: ignore[arg-type]  # text[] arrives as a list of text


def test_the_lists_of_exceptions_name_tables_that_exist() -> None:
    present = {str(name) for (name,) in asked("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    assert REFERENCE_TABLES - present == set()
    assert NATIONAL_TABLES - present == set()
    assert {table for table in LOCAL_TABLES if not table.startswith(LOCAL_PREFIXES)} - present == set()


def test_rooms_have_tables() -> None:
    assert {table.partition("_")[0] for table in own_tables()} >= {
        "billing", "coverage", "documents", "kernel", "ledger", "payments", "policy", "registry",
    }  # fmt: skip


def test_the_region_is_a_number_and_always_there() -> None:
    rows = asked("""
        SELECT table_name FROM information_schema.columns
        WHERE table_schema = 'public' AND column_name = 'region_code' AND data_type = 'integer' AND is_nullable = 'NO'
    """)
    assert regional_tables() - {name for (name,) in rows} == set()


def test_every_regional_table_has_a_primary_key() -> None:
    rows = asked("SELECT conrelid::regclass::text FROM pg_constraint WHERE contype = 'p'")
    assert own_tables() - {name for (name,) in rows} == set()


def test_every_unique_key_of_a_regional_table_begins_with_the_region() -> None:
    regional = regional_tables()
    wrong = [index for index in unique_indexes() if index.table in regional and index.columns[0] != "region_code"]
    assert wrong == []


def test_every_index_of_a_regional_table_begins_with_the_region_or_is_read_across_regions() -> None:
    rows = asked("""
        SELECT owned.relname, index.relname, first.attname
        FROM pg_index AS told
        JOIN pg_class AS owned ON owned.oid = told.indrelid
        JOIN pg_class AS index ON index.oid = told.indexrelid
        LEFT JOIN pg_attribute AS first ON first.attrelid = owned.oid AND first.attnum = told.indkey[0]
        WHERE owned.relnamespace = 'public'::regnamespace
    """)
    regional = regional_tables()
    assert sorted(str(name) for table, name, first in rows if table in regional and first != "region_code") == []


def test_foreign_keys_stay_within_a_region_and_do_nothing_by_themselves() -> None:
    rows = asked("""
        SELECT reference.conname, reference.conrelid::regclass::text, reference.confrelid::regclass::text,
               own.attname, theirs.attname, reference.condeferrable, reference.confdeltype::text,
               reference.confupdtype::text, cardinality(reference.conkey)
        FROM pg_constraint AS reference
        JOIN pg_attribute AS own ON own.attrelid = reference.conrelid AND own.attnum = reference.conkey[1]
        JOIN pg_attribute AS theirs ON theirs.attrelid = reference.confrelid AND theirs.attnum = reference.confkey[1]
        WHERE reference.contype = 'f'
    """)
    ours = [row for row in rows if row[1] in own_tables()]
    assert len(ours) >= 8
    for name, table, target, own, theirs, is_deferrable, on_delete, on_update, column_count in ours:
        assert {place_of(str(table)), place_of(str(target))} == {Place.REGIONAL}, name
        assert (own, theirs) == ("region_code", "region_code"), name
        assert column_count >= 2, name  # type: ignore[operator]  # a count is a number
        assert not is_deferrable, name
        assert on_delete in ("a", "r"), name
        assert on_update in ("a", "r"), name


def test_nothing_of_ours_counts() -> None:
    rows = asked("""
        SELECT dependent.refobjid::regclass::text
        FROM pg_class AS sequence
        JOIN pg_depend AS dependent ON dependent.objid = sequence.oid AND dependent.refobjsubid > 0
        WHERE sequence.relkind = 'S'
    """)
    assert {name for (name,) in rows} & own_tables() == set()
    volatile = asked("""
        SELECT table_name, column_name, column_default FROM information_schema.columns
        WHERE table_schema = 'public' AND column_default IS NOT NULL
    """)
    ours = own_tables()
    assert [row for row in volatile if row[0] in ours and "(" in str(row[2])] == []


def test_constraints_have_names_that_somebody_chose() -> None:
    rows = asked(f"""
        SELECT conrelid::regclass::text, conname FROM pg_constraint
        WHERE contype IN ('c', 'u', 'f', 'x') AND connamespace = 'public'::regnamespace
            AND (conname ~ '{DJANGO_MADE_NAME}' OR conname ~ '_(check|key|fkey|excl)[0-9]*$'
                 OR length(conname) >= {NAME_LENGTH_MAX})
    """)
    ours = own_tables()
    assert [row for row in rows if row[0] in ours] == []


def test_no_trigger_and_no_rule_is_ours() -> None:
    triggers = asked("SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal")
    rules = asked("SELECT tablename, rulename FROM pg_rules WHERE schemaname = 'public'")
    ours = own_tables()
    assert [row for row in [*triggers, *rules] if row[0] in ours] == []


def test_instants_carry_their_zone_and_money_is_a_whole_number() -> None:
    rows = asked("""
        SELECT table_name, column_name, data_type FROM information_schema.columns
        WHERE table_schema = 'public'
            AND (data_type IN ('timestamp without time zone', 'real', 'double precision', 'numeric', 'money')
                 OR (column_name LIKE '%\\_fen' AND data_type <> 'bigint')
                 OR (column_name LIKE '%\\_at' AND data_type <> 'timestamp with time zone')
                 OR (column_name LIKE '%\\_on' AND data_type <> 'date'))
    """)
    ours = own_tables()
    assert [row for row in rows if row[0] in ours] == []


def test_views_between_rooms_carry_the_region_and_are_named_as_public() -> None:
    views = {str(name) for (name,) in asked("SELECT viewname FROM pg_views WHERE schemaname = 'public'")}
    assert views >= {"registry_public_enrolled", "registry_public_identity"}
    assert [view for view in views if "_public_" not in view] == []
    rows = asked("""
        SELECT table_name FROM information_schema.columns
        WHERE table_schema = 'public' AND column_name = 'region_code'
    """)
    assert views - {name for (name,) in rows} == set()


@pytest.mark.parametrize("act", ["UPDATE {table} SET {column} = {column}", "DELETE FROM {table}", "TRUNCATE {table}"])
def test_what_is_append_only_refuses_change_to_the_application(act: str) -> None:
    tables = append_only_tables()
    assert set(tables) >= {"ledger_transfer", "policy_version"}
    for table in tables:
        ((column,),) = asked(f"SELECT attname FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum = 1")
        statement = act.format(table=table, column=column).encode()
        with pytest.raises(psycopg.errors.InsufficientPrivilege), connection() as session:
            session.execute(statement)


def test_the_application_may_read_and_add_everywhere_and_owns_nothing() -> None:
    rows = asked("""
        SELECT tablename, has_table_privilege('canbao_app', tablename::regclass, 'SELECT, INSERT'), tableowner
        FROM pg_tables WHERE schemaname = 'public'
    """)
    ours = own_tables()
    assert [row for row in rows if row[0] in ours and (not row[1] or row[2] == "canbao_app")] == []


def test_histories_are_append_only_but_where_a_new_key_must_seal_them_again() -> None:
    sealed = {
        name for (name,) in asked("SELECT table_name FROM information_schema.columns WHERE column_name = 'sealed'")
    }
    histories = {table for table in own_tables() if table.endswith(("_history", "_order_event"))}
    assert len(histories) >= 4
    assert histories - sealed - set(append_only_tables()) == set()
