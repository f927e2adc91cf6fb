"""Each house rule refuses a sample that breaks it and passes one that keeps it; the whole tree breaks none."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from tools.tidy import pages, python_files, sql_files, statements, words
from tools.tidy.__main__ import ROOT, files, look, look_at
from tools.tidy.findings import Finding, Rule

STORE = PurePosixPath("canbao/billing/store.py")
STATEMENT = PurePosixPath("canbao/billing/sql/list_bills.sql")
GOOD = """-- The bills of an order. Reads billing_bill.
SELECT bill.id, 'a; MERGE INTO now()' AS told
FROM billing_bill AS bill
WHERE bill.region_code = %(region_code)s AND bill.order_id = ANY(%(order_ids)s::uuid[])
"""


def told(rule: Rule, path: PurePosixPath | str, text: str) -> list[tuple[int, str]]:
    """What a rule says of a sample: line and rule."""
    return [(finding.line, finding.rule) for finding in rule(PurePosixPath(path), text)]


def sql(*lines: str, header: str = "-- Says what it is for. Writes billing_bill and policy_region.") -> str:
    """A statement under a header that names what the samples write."""
    return "\n".join([header, *lines]) + "\n"


@pytest.mark.parametrize("rule", sql_files.RULES)
def test_a_good_statement_breaks_no_rule(rule: Rule) -> None:
    assert told(rule, STATEMENT, GOOD) == []


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        (sql_files.has_header, "SELECT 1\n", [(1, "sql-header")]),
        (sql_files.has_header, "-- no sentence\nSELECT 1\n", [(1, "sql-header")]),
        (sql_files.has_header, "-- Pays.\nUPDATE billing_bill SET state = 'paid'\n", [(1, "sql-header")]),
        (sql_files.is_one_statement, sql("SELECT 1;", "SELECT 2"), [(2, "sql-one-statement")]),
        (sql_files.is_one_statement, "-- Nothing at all.\n", [(1, "sql-one-statement")]),
        (sql_files.keeps_to_its_room, sql("DELETE FROM ledger_transfer"), [(2, "sql-owner")]),
        (sql_files.keeps_to_its_room, sql("SELECT 1 FROM registry_person"), [(2, "sql-owner")]),
        (sql_files.keeps_to_its_room, sql("SELECT 1", "JOIN payments_public_order ON true"), [(3, "sql-owner")]),
        (sql_files.keeps_to_its_room, sql("INSERT INTO policy_region (name) SELECT 'x'"), [(2, "sql-owner")]),
        (sql_files.joins_in_words, sql("SELECT 1 FROM billing_bill AS a, b"), [(2, "sql-comma-join")]),
        (sql_files.stays_in_its_region, sql("SELECT 1", "FROM billing_bill"), [(3, "sql-region")]),
        (
            sql_files.stays_in_its_region,
            sql("SELECT 1 FROM billing_bill AS a JOIN billing_price AS b ON b.id = a.price_id",
                "WHERE a.region_code = %(region_code)s"),
            [(2, "sql-region")],
        ),
        (
            sql_files.stays_in_its_region,
            sql("INSERT INTO billing_bill (id) SELECT id FROM unnest(%(region_code)s) AS x (id)"),
            [(2, "sql-region")],
        ),
        (sql_files.changes_once, sql("MERGE INTO billing_bill USING x ON true"), [(2, "sql-merge")]),
        (
            sql_files.changes_once,
            sql("WITH a AS (DELETE FROM billing_bill RETURNING id)", "INSERT INTO billing_price SELECT id FROM a"),
            [(3, "sql-chain")],
        ),
        (sql_files.is_repeatable, sql("UPDATE billing_bill SET paid_at = now()"), [(2, "sql-volatile")]),
        (sql_files.is_repeatable, sql("SELECT current_date"), [(2, "sql-volatile")]),
        (sql_files.is_repeatable, sql("SELECT gen_random_uuid()"), [(2, "sql-volatile")]),
    ],
)  # fmt: skip
def test_a_bad_statement_is_told(rule: Rule, text: str, expected: list[tuple[int, str]]) -> None:
    assert told(rule, STATEMENT, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        sql("INSERT INTO billing_bill (region_code, id) VALUES (%(region_code)s, %(id)s)",
            "ON CONFLICT (region_code, id) DO UPDATE SET state = excluded.state"),
        sql("SELECT bill.id FROM billing_bill AS bill",
            "JOIN registry_public_enrolled AS who ON who.region_code = bill.region_code AND who.id = bill.person_id",
            "WHERE bill.region_code = %(region_code)s FOR UPDATE"),
        sql("SELECT DISTINCT region_code FROM billing_bill", header="-- National: regions with bills."),
        sql("DELETE FROM billing_bill WHERE region_code = %(region_code)s AND id = %(id)s"),
    ],
)  # fmt: skip
def test_statements_within_their_region_pass(text: str) -> None:
    assert [finding for rule in sql_files.RULES for finding in told(rule, STATEMENT, text)] == []


def test_a_statement_is_called_by_verb_and_noun() -> None:
    assert told(sql_files.has_plain_name, "canbao/billing/sql/bills.sql", GOOD) == [(1, "sql-name")]


def function(lines: int) -> str:
    """A function of so many lines."""
    return "def long() -> None:\n" + "    pass\n" * (lines - 1)


@pytest.mark.parametrize(
    ("rule", "path", "text", "expected"),
    [
        (python_files.has_readable_length, STORE, function(71), [(1, "py-function-length")]),
        (python_files.has_readable_length, STORE, "\n" * 501, [(500, "py-file-length")]),
        (python_files.has_readable_length, "canbao/billing/public.py", "\n" * 401, [(400, "py-file-length")]),
        (python_files.has_telling_name, "canbao/billing/utils.py", "", [(1, "py-name")]),
        (python_files.has_telling_name, "canbao/helpers/bills.py", "", [(1, "py-name")]),
        (python_files.has_docstrings, STORE, "x = 1\n", [(1, "py-docstring")]),
        (python_files.has_docstrings, STORE, '"""M."""\ndef f(): ...\n', [(2, "py-docstring")]),
        (python_files.has_docstrings, STORE, '"M."\nclass C:\n    "C."\n    def f(self): ...\n', [(4, "py-docstring")]),
        (python_files.room_imports_nothing, "canbao/billing/__init__.py", '"""B."""\nimport os\n', [(2, "py-init")]),
        (python_files.postpones_annotations, STORE, '"""M."""\nx = 1\n', [(1, "py-future")]),
        (python_files.says_why_it_is_excused, STORE, "x = 1  # no" "qa\n", [(1, "py-excuse")]),
        (python_files.says_why_it_is_excused, STORE, "x = 1  # no" "qa: E501\n", [(1, "py-excuse")]),
        (python_files.says_why_it_is_excused, STORE, "x = 1  # type: " "ignore[misc]\n", [(1, "py-excuse")]),
        (python_files.hands_on_by_name, STORE, "def f(**kwargs): ...\n", [(1, "py-kwargs")]),
        (
            python_files.journey_runs_no_sql,
            "canbao/journeys/pay_bills.py",
            "from canbao.kernel.sql import Statements, Tx\n",
            [(1, "py-journey-sql")],
        ),
        (python_files.error_codes_are_its_own, STORE, 'X = declare("payments.no", 1)\n', [(1, "py-error-code")]),
    ],
)  # fmt: skip
def test_bad_python_is_told(rule: Rule, path: PurePosixPath | str, text: str, expected: list[tuple[int, str]]) -> None:
    assert told(rule, path, text) == expected


@pytest.mark.parametrize("rule", python_files.RULES)
def test_good_python_breaks_no_rule(rule: Rule) -> None:
    text = (
        '"""A room\'s statements."""\n\nfrom __future__ import annotations\n\n'
        'X = declare("billing.no", 1, "", "")\nimport y  # no' + "qa: E402  (after the set-up)\n"
        + 'import z  # no' + "qa: E402\n\n\n"
        + 'def f(**params: object) -> None:\n    """Promises."""\n\n\ndef _own() -> None: ...\n'
        + function(70).replace("long", "_l")
    )  # fmt: skip
    assert told(rule, STORE, text) == []


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        (words.is_finished, "# TO" + "DO later", "word-unfinished"),
        (words.is_finished, "done for n" + "ow", "word-unfinished"),
        (words.is_finished, "raise NotImplemented" + "Error", "word-unfinished"),
        (words.names_no_index, "https://py" + "pi.org/simple", "word-index"),
        (words.names_no_index, '"resolved": "https://registry.npm' + 'js.org/x"', "word-index"),
        (words.names_no_index, "--index-" + "url https://x", "word-index"),
        (words.names_no_workplace, "see /wo" + "rk/main", "word-path"),
        (words.names_no_workplace, "/ho" + "me/somebody/canbao", "word-path"),
        (words.says_what_is_awaited, "state = 'pend" + "ing'", "word-banned"),
        (words.says_what_is_awaited, "pend" + "ing_orders = 1", "word-banned"),
    ],
)
def test_words_are_told(rule: Rule, text: str, expected: str) -> None:
    assert told(rule, STORE, f"first\n{text}\n") == [(2, expected)]


@pytest.mark.parametrize("rule", words.RULES)
def test_plain_words_pass(rule: Rule) -> None:
    assert told(rule, STORE, "The work is at hand: spending, depending, network/main, a form of now.\n") == []


@pytest.mark.parametrize("path", ["canbao/doors/citizen/x.html", "tests/browser/test_x.py"])
def test_an_attribute_of_markup_is_no_leftover(path: str) -> None:
    assert told(words.is_finished, path, "<input place" + 'holder="证号">') == []


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project: one room with a statement, one page."""
    (tmp_path / "canbao/billing/sql").mkdir(parents=True)
    (tmp_path / "canbao/billing/migrations").mkdir()
    (tmp_path / "docs").mkdir()
    (tmp_path / "canbao/billing/sql/list_bills.sql").write_text(GOOD)
    (tmp_path / "canbao/billing/store.py").write_text('X = statements["list_bills"]\n')
    (tmp_path / "docs/page.md").write_text("# A page\n\n## What runs where\n")
    return tmp_path


Page = Callable[[Path, PurePosixPath, str], object]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[x](gone.md)", [(1, "page-link")]),
        ("[x](page.md#nowhere)", [(1, "page-link")]),
        ("see `canbao/billing/gone.py`", [(1, "page-path")]),
        ("see `canbao/*/gone.py`", [(1, "page-path")]),
        ("[x](page.md) [y](page.md#what-runs-where) [z](https://example.org) `canbao/billing/sql/*.sql` `docs/`", []),
        ("```\ncanbao/gone.py [x](gone.md)\n```", []),
    ],
)
def test_a_page_names_what_exists(project: Path, text: str, expected: list[tuple[int, str]]) -> None:
    path = PurePosixPath("docs/other.md")
    found = [*pages.links_lead_somewhere(project, path, text), *pages.paths_exist(project, path, text)]
    assert [(finding.line, finding.rule) for finding in found] == expected


def test_a_coined_word_must_be_explained(project: Path) -> None:
    (project / "canbao/billing/states.py").write_text('class BillState(StrEnum):\n    DUE = "due"\n    PAID = "paid"\n')
    path = PurePosixPath("docs/glossary.md")
    found = list(pages.glossary_is_complete(project, path, "| 应缴 | `due` | owed | law |\n"))
    assert [finding.advice for finding in found] == ["explain `paid`, which canbao/billing/states.py coins"]


def test_a_statement_nobody_uses_and_one_that_is_not_there(project: Path) -> None:
    room = project / "canbao/billing"
    assert list(statements.room_findings(project, room)) == []
    (room / "store.py").write_text('X = statements["list_gone"]\n')
    found = sorted(statements.room_findings(project, room))
    assert [(finding.path, finding.rule) for finding in found] == [
        ("canbao/billing/sql/list_bills.sql", "sql-unused"),
        ("canbao/billing/store.py", "sql-missing"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "id = models.BigAutoField()",
        "count = models.PositiveIntegerField()",
        "order = models.ForeignKey(Order)",
        "no = models.CharField(unique=True)",
        "FOREIGN KEY (a) REFERENCES b DEFERRABLE INITIALLY DEFERRED",
        "REFERENCES b ON DELETE CASCADE",
        "CREATE TRIGGER x",
        "id bigserial",
        "id bigint GENERATED ALWAYS AS IDENTITY",
    ],
)
def test_a_schema_that_would_not_shard_is_told(text: str) -> None:
    assert [finding.rule for finding in statements.makes_what_shards("canbao/x/models.py", text)] == ["schema"]


def test_a_schema_that_shards_passes() -> None:
    text = 'models.UUIDField() "FOREIGN KEY (region_code, a) REFERENCES b NOT DEFERRABLE" models.BigIntegerField()'
    assert list(statements.makes_what_shards("canbao/x/models.py", text)) == []


def test_a_line_may_be_excused_with_a_reason(project: Path) -> None:
    path = PurePosixPath("tests/x.md")
    excused = "`docs/gone.md` <!-- tidy: page-path (it is made by a command) -->\n"
    assert list(look_at(project, path, excused)) == []
    assert [finding.rule for finding in look_at(project, path, "`docs/gone.md` <!-- tidy: page-path () -->\n")] == [
        "page-path"
    ]


def test_a_finding_prints_where_and_what_to_do() -> None:
    assert str(Finding("a/b.py", 3, "py-name", "rename it")) == "a/b.py:3: py-name: rename it"


def test_what_was_installed_or_made_is_not_looked_at(project: Path) -> None:
    for folder in (".venv", "node_modules", "build", "canbao/__pycache__", "canbao.egg-info"):
        (project / folder).mkdir(parents=True)
        (project / folder / "x.py").write_text("")
    (project / ".ci").mkdir()
    (project / ".ci/run").write_text("")
    assert [str(path) for path in files(project)] == [
        ".ci/run",
        "canbao/billing/sql/list_bills.sql",
        "canbao/billing/store.py",
        "docs/page.md",
    ]


def test_the_tree_breaks_no_house_rule() -> None:
    assert [str(finding) for finding in sorted(set(look(ROOT)))] == []


def test_the_command_leaves_with_one_where_a_rule_is_broken(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; import tools.tidy.__main__ as tidy; "
        "tidy.ROOT = Path(sys.argv[1]); sys.exit(tidy.main())"
    )
    (tmp_path / "utils.py").write_text("")
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert ran.stdout == (
        "utils.py:1: py-name: say in the field's words what is inside, instead of utils\ntidy: 1 findings\n"
    )
    (tmp_path / "utils.py").unlink()
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (0, "tidy: nothing found\n")
