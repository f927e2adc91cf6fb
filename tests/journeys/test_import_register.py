"""A register file taken in from the command line's side: reports, repeats, resumption, two regions, bad files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook
from typer.testing import CliRunner

from canbao.journeys.import_register import ImportProgress, import_register
from canbao.journeys.publish_policy import publish_policy
from canbao.kernel.clock import FixedClock
from canbao.kernel.errors import CanbaoError
from canbao.kernel.regions import RegionCode
from canbao.policy import public as policy
from canbao.registry import public as registry
from canbao.registry.public import AUDITORS, Encoding, FileKind
from canbao.site.cli import register as command
from tests.owner import as_owner

HEADER = "证件号码,姓名,人员类别,人员身份,参保日期,备注"
WEI = "11010519491231002X,李伟,1501,,2020-09-01,"
MEI = "650102190001010016,迪丽娜·买买提江,1501,低保:2024-01-01:,2021-01-01,"
TABLES = ("person", "person_history", "family", "enrolment", "identity", "directory", "import")


CHUNK = 200


@pytest.fixture
def _short_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of two hundred lines, so that a small file has many."""
    monkeypatch.setattr("canbao.registry.chunks.CHUNK_LINES", CHUNK)


@pytest.fixture(autouse=True)
def published(db: None, clock: FixedClock) -> None:
    """Both regions take part."""
    files = [policy.VALUES / "360100" / "2025.yaml", policy.VALUES / "130100" / "2026.yaml"]
    publish_policy(files, by="测试", clock=clock)


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Write a file of these lines."""

    def write(*lines: str, name: str = "a.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_text("\n".join((HEADER, *lines)) + "\n", encoding=encoding)
        return path

    return write


def _counts() -> tuple[int, ...]:
    with as_owner() as session:
        return tuple(session.execute(f"SELECT count(*) FROM registry_{table}").fetchall()[0][0] for table in TABLES)


def _findings(region: RegionCode) -> list[object]:
    return [finding for auditor in AUDITORS for finding in auditor(region)]


def test_good_rows_are_taken_and_bad_rows_reported(
    region: RegionCode, clock: FixedClock, written: Callable[..., Path], tmp_path: Path
) -> None:
    path = written(
        WEI,
        "110105194912310021,王伟,1501,,2020-09-01,",
        MEI,
        "650102190001010016,迪丽娜·买买提江,1560,低保:2024-01-01:,2021-01-01,",
        WEI,
        "36999919500101001X,张?,1501,,20200901,",
    )
    report = import_register(region, path, clock=clock)
    assert (report.line_count, report.new_count, report.unchanged_count, report.refused_count) == (6, 2, 1, 3)
    assert [(row.line, row.column, row.code) for row in report.refusals] == [
        (3, "证件号码", "registry.id_number_checksum"),
        (5, "证件号码", "registry.row_repeats_otherwise"),
        (7, "证件号码", "registry.id_number_checksum"),
    ]
    assert report.refusals[1].params == {"line": 4}
    assert [(row.line, row.column, row.code) for row in report.warnings] == [
        (1, "备注", "registry.warn_column_unknown"),
        (7, "姓名", "registry.warn_name_question_mark"),
    ]
    assert _counts() == (2, 0, 0, 2, 1, 2, 1)
    assert _findings(region) == []

    registry.write_report(report, tmp_path / "report.xlsx")
    workbook = CalamineWorkbook.from_path(str(tmp_path / "report.xlsx"))
    assert workbook.sheet_names == ["结果", "没有收的行", "提醒"]
    assert workbook.get_sheet_by_name("没有收的行").to_python()[2] == [
        "5",
        "证件号码",
        "和第 4 行是同一个证件号码，内容却不同。收了第 4 行；请核对后只留一行",
        "registry.row_repeats_otherwise",
    ]


def test_a_report_holds_no_formula(region: RegionCode, clock: FixedClock, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{HEADER},=1+1\n{WEI},\n", encoding="utf-8")
    registry.write_report(import_register(region, path, clock=clock), tmp_path / "report.xlsx")
    rows = CalamineWorkbook.from_path(str(tmp_path / "report.xlsx")).get_sheet_by_name("提醒").to_python()
    assert [row[1] for row in rows[1:]] == ["备注", "'=1+1"]


def test_the_same_file_twice_changes_nothing(region: RegionCode, clock: FixedClock, tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    registry.write_made_up_register(path, region, persons=300, seed=1, on=clock.today())
    first = import_register(region, path, clock=clock)
    counts = _counts()
    second = import_register(region, path, clock=clock)
    assert (first.new_count, first.refused_count, second.unchanged_count, second.new_count) == (300, 0, 300, 0)
    assert _counts() == (*counts[:-1], 2)
    with as_owner() as session:
        runs = session.execute(
            "SELECT new_count, changed_count, unchanged_count, refused_count, finished_at IS NOT NULL "
            "FROM registry_import ORDER BY new_count DESC"
        ).fetchall()
    assert runs == [(300, 0, 0, 0, True), (0, 0, 300, 0, True)]


@pytest.mark.parametrize(
    ("kind", "encoding"),
    [(FileKind.CSV, Encoding.UTF_8), (FileKind.CSV, Encoding.GB18030), (FileKind.XLSX, Encoding.UTF_8)],
)
def test_every_kind_of_file_says_the_same(
    region: RegionCode, clock: FixedClock, tmp_path: Path, kind: FileKind, encoding: Encoding
) -> None:
    first, second = tmp_path / "first.csv", tmp_path / f"second.{kind.value}"
    registry.write_made_up_register(first, region, persons=450, seed=2, on=clock.today())
    registry.write_made_up_register(second, region, persons=450, seed=2, on=clock.today(), kind=kind, encoding=encoding)
    import_register(region, first, clock=clock)
    report = import_register(region, second, clock=clock)
    assert (report.kind, report.encoding, report.unchanged_count) == (kind, encoding, 450)


@pytest.mark.usefixtures("_short_chunks")
def test_several_processes_do_what_one_does(region: RegionCode, clock: FixedClock, tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    count = 3 * CHUNK + 7
    registry.write_made_up_register(path, region, persons=count, seed=1, on=clock.today())
    told: list[ImportProgress] = []
    report = import_register(region, path, clock=clock, processes=2, progress=told.append)
    assert (report.new_count, report.refused_count) == (count, 0)
    assert [step.line_count for step in told] == [CHUNK, 2 * CHUNK, 3 * CHUNK, count]
    assert told[-1].done == told[-1].size == path.stat().st_size
    again = import_register(region, path, clock=clock, processes=1)
    assert (again.unchanged_count, again.new_count) == (count, 0)


@pytest.mark.usefixtures("_short_chunks")
def test_a_stopped_import_continues(region: RegionCode, clock: FixedClock, tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    registry.write_made_up_register(path, region, persons=2 * CHUNK, seed=1, on=clock.today())

    def stop(_: ImportProgress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_register(region, path, clock=clock, progress=stop)
    assert _counts()[0] == CHUNK
    report = import_register(region, path, clock=clock)
    assert (report.unchanged_count, report.new_count) == (CHUNK, CHUNK)
    assert _findings(region) == []


def test_a_crash_before_the_directory_is_repaired_by_the_next_run(
    region: RegionCode, clock: FixedClock, written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch, pytest.raises(RuntimeError):
        patch.setattr(registry, "record_in_directory", crash)
        import_register(region, written(WEI), clock=clock)
    assert [finding.auditor for auditor in AUDITORS for finding in auditor(region)] == [
        "registry.directory_names_everyone"
    ]
    assert import_register(region, written(WEI), clock=clock).unchanged_count == 1
    assert _findings(region) == []


def test_a_dry_run_tells_everything_and_writes_nothing(
    region: RegionCode, clock: FixedClock, written: Callable[..., Path]
) -> None:
    import_register(region, written(WEI), clock=clock)
    counts = _counts()
    path = written(WEI.replace("1501", "1560"), MEI, "1,2,3,,4,")
    report = import_register(region, path, clock=clock, dry_run=True)
    assert (report.is_dry_run, report.new_count, report.changed_count, report.refused_count) == (True, 1, 1, 1)
    assert _counts() == counts


def test_a_person_of_two_regions_is_flagged_in_both_and_told(
    region: RegionCode, other_region: RegionCode, clock: FixedClock, written: Callable[..., Path]
) -> None:
    import_register(other_region, written(WEI), clock=clock)
    report = import_register(region, written(WEI, MEI), clock=clock)
    assert report.elsewhere_count == 1
    assert [(row.line, row.code, row.params) for row in report.warnings[1:]] == [
        (2, "registry.warn_elsewhere", {"regions": "130100"})
    ]
    with as_owner() as session:
        flags = session.execute("SELECT region_code, elsewhere FROM registry_person ORDER BY 1, 2").fetchall()
    assert flags == [(130100, True), (360100, False), (360100, True)]


def test_a_batch_that_raced_is_run_again(
    region: RegionCode, clock: FixedClock, written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from canbao.registry.errors import IMPORT_RACED

    real, raced = registry.import_rows, iter([True, True, False])

    def racing(*args: object, **keywords: object) -> object:
        found = real(*args, **keywords)  # type: ignore[arg-type]  # handed through as they came
        if next(raced):
            raise IMPORT_RACED()
        return found

    monkeypatch.setattr(registry, "import_rows", racing)
    assert import_register(region, written(WEI), clock=clock).new_count == 1
    assert _counts()[0] == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "registry.file_empty"),
        ("姓名,人员类别\n李伟,1501\n", "registry.column_missing"),
        (f"{HEADER},姓名\n{WEI}\n", "registry.column_twice"),
    ],
)
def test_a_file_that_will_not_do_changes_nothing(
    region: RegionCode, clock: FixedClock, tmp_path: Path, content: str, code: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CanbaoError) as refused:
        import_register(region, path, clock=clock)
    assert refused.value.code == code
    assert _counts() == (0,) * len(TABLES)


def test_an_unknown_region_is_refused_before_the_file_is_read(clock: FixedClock, tmp_path: Path) -> None:
    with pytest.raises(CanbaoError) as refused:
        import_register(RegionCode(440100), tmp_path / "missing.csv", clock=clock)
    assert refused.value.code == "policy.region_unknown"
    assert _counts() == (0,) * len(TABLES)


# The command line.


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[int, str, str]]]:
    """Run `canbao register ...` on the demonstration's business date."""
    from canbao.kernel.environment import process_clock

    monkeypatch.setenv("CANBAO_CLOCK", "2024-11-15")
    process_clock.cache_clear()

    def invoke(*arguments: object) -> tuple[int, str, str]:
        result = CliRunner().invoke(command.app, [str(argument) for argument in arguments])
        return result.exit_code, result.stdout, result.stderr

    yield invoke
    process_clock.cache_clear()


def test_the_command_imports_and_reports(
    run: Callable[..., tuple[int, str, str]], written: Callable[..., Path], tmp_path: Path
) -> None:
    report = tmp_path / "report.xlsx"
    path = written(WEI, "1,2,3,,4,")
    status, told, _ = run("import", path, "--region", "360100", "--json", "--report", report)
    assert status == 1
    found = json.loads(told)
    assert (found["lines"], found["new"], found["refused"], found["encoding"]) == (2, 1, 1, "utf-8")
    assert report.is_file()
    assert run("import", written(WEI), "--region", "360100")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("import", "missing.csv", "--region", "360100"), "There is no file missing.csv"),
        (("import", "missing.csv", "--region", "36"), "The region code “36” is wrong"),
        (("import", "missing.csv", "--region", "360100", "--report", "a.csv"), "nothing was imported"),
        (("generate", "--region", "360100", "--persons", "9", "--out", "x", "--format", "pdf"), "nothing was written"),
        (("generate", "--region", "360100", "--persons", "99999999", "--out", "x"), "at most"),
        (("demo-family", "--region", "360100", "--family", "100"), "the cast has families 0 to 99, not 100"),
    ],
)
def test_a_command_that_will_not_do_says_so(
    run: Callable[..., tuple[int, str, str]], arguments: tuple[str, ...], sentence: str
) -> None:
    status, told, complaint = run(*arguments)
    assert (status, told) == (2, "")
    assert sentence in " ".join(complaint.split())
    assert _counts() == (0,) * len(TABLES)


def test_the_cast_is_in_the_register_that_the_command_makes(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    path = tmp_path / "r.csv"
    assert run("generate", "--region", "360100", "--persons", "2000", "--seed", "7", "--out", path)[0] == 0
    assert run("import", path, "--region", "360100")[0] == 0
    status, told, _ = run("demo-family", "--region", "360100", "--seed", "7", "--family", "49", "--json")
    assert status == 0
    cast = json.loads(told)
    assert list(cast) == ["payer", "child", "grandmother", "newborn"]
    found = {role: registry.find(member["id_no"], member["name"]) for role, member in cast.items()}
    people = {role: registry.person(hits[0].region_code, hits[0].person_id) for role, hits in found.items()}
    assert {role: person.category_code for role, person in people.items()} == {
        "payer": "1501",
        "child": "1403",
        "grandmother": "1501",
        "newborn": "1401",
    }
    assert people["grandmother"].born_on.year == 1957
    assert people["grandmother"].identity_codes_on(date(2024, 11, 15)) == {"minimum_living"}
    assert 0 < (date(2024, 11, 15) - people["newborn"].born_on).days < 90
    assert len({person.family_no for person in people.values()}) == 1


def test_a_stopped_command_says_that_it_can_be_continued(
    run: Callable[..., tuple[int, str, str]], written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(registry, "prepared_chunks", stop)
    status, told, complaint = run("import", written(WEI), "--region", "360100")
    assert (status, told.strip()) == (130, "")
    assert "the same command continues" in complaint
