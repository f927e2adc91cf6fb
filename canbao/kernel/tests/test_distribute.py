"""The plan by which tables are sharded, and that plain PostgreSQL is left alone."""

from __future__ import annotations

import pytest
from psycopg.rows import class_row

from canbao.kernel.connections import owner_connection
from canbao.kernel.distribute import Place, Step, Table, distribute, place_of, plan, statements
from canbao.kernel.errors import CanbaoError


def real_tables() -> list[Table]:
    with owner_connection() as session, session.cursor(row_factory=class_row(Table)) as cursor:
        return cursor.execute(statements["list_tables_with_parents"].text.encode()).fetchall()


def test_each_kind_of_table_gets_its_place() -> None:
    tables = [
        Table("registry_person", "region_code", ["registry_family"]),
        Table("registry_family", "region_code", []),
        Table("policy_region", "region_code", []),
        Table("registry_directory", "id_digest", []),
        Table("kernel_throttle", "bucket", []),
        Table("procrastinate_jobs", "id", []),
    ]
    assert plan(tables) == (
        Step("kernel_throttle", Place.LOCAL, None),
        Step("policy_region", Place.REFERENCE, "SELECT create_reference_table('policy_region')"),
        Step("procrastinate_jobs", Place.LOCAL, None),
        Step(
            "registry_directory",
            Place.NATIONAL,
            "SELECT create_distributed_table('registry_directory', 'id_digest', colocate_with => 'none')",
        ),
        Step(
            "registry_family",
            Place.REGIONAL,
            "SELECT create_distributed_table('registry_family', 'region_code', colocate_with => 'none')",
        ),
        Step(
            "registry_person",
            Place.REGIONAL,
            "SELECT create_distributed_table('registry_person', 'region_code', colocate_with => 'registry_family')",
        ),
    )


def test_tables_that_refer_to_each_other_are_refused() -> None:
    with pytest.raises(CanbaoError) as refused:
        plan([Table("a", "region_code", ["b"]), Table("b", "region_code", ["a"])])
    assert (refused.value.code, refused.value.params) == ("kernel.tables_in_a_ring", {"tables": "a, b"})


def test_a_table_may_refer_to_itself() -> None:
    assert [step.table for step in plan([Table("billing_bill", "region_code", ["billing_bill"])])] == ["billing_bill"]


@pytest.mark.usefixtures("database")
def test_every_real_table_is_placed_once_and_after_its_parents() -> None:
    tables = real_tables()
    steps = plan(tables)
    order = [step.table for step in steps]
    assert sorted(order) == sorted(table.name for table in tables)
    assert {"billing_bill", "payments_order", "ledger_transfer", "registry_directory", "policy_region"} < set(order)
    for table in tables:
        for parent in set(table.parents) - {table.name}:
            assert order.index(parent) < order.index(table.name)


@pytest.mark.usefixtures("database")
def test_every_regional_table_has_the_column_it_is_spread_by() -> None:
    wrong = [
        table.name
        for table in real_tables()
        if place_of(table.name) is Place.REGIONAL and table.first_key_column != "region_code"
    ]
    assert wrong == []


@pytest.mark.usefixtures("database")
def test_plain_postgresql_is_left_alone() -> None:
    before = real_tables()
    assert distribute() == []
    assert distribute() == []
    assert real_tables() == before
