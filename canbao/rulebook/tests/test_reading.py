"""A parameter file that is not right does not load, and the finding names file, line, key and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from canbao.kernel.errors import CanbaoError
from canbao.rulebook.parameters import RegionYear
from canbao.rulebook.reading import find_in, from_document, read_region_year, to_document
from canbao.rulebook.sourced import Reliability

ROOM = Path(__file__).parents[1]
SHIPPED = sorted((ROOM.parent / "policy" / "values").glob("*/*.yaml"))
AREAS = sorted((ROOM / "cases" / "areas").glob("*.yaml"))
NANCHANG = (ROOM.parent / "policy" / "values" / "360100" / "2025.yaml").read_text(encoding="utf-8")


def line_of(part: str, text: str) -> int:
    return text[: text.index(part)].count("\n") + 1


@pytest.mark.parametrize("file", SHIPPED + AREAS, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_every_file_loads_and_keeps_its_values_through_a_version(file: Path) -> None:
    parameters, findings = find_in(file.read_text(encoding="utf-8"), file=file.name)
    assert findings == []
    assert parameters is not None
    assert from_document(to_document(parameters), file="a version") == parameters


def test_the_shipped_regions_and_years_are_those_with_sources() -> None:
    assert [(file.parent.name, file.stem) for file in SHIPPED] == [
        ("110000", "2025"),
        ("110000", "2026"),
        ("130100", "2026"),
        ("360100", "2025"),
        ("410100", "2026"),
        ("650100", "2025"),
    ]


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_a_file_lies_under_its_own_region_and_year(file: Path) -> None:
    parameters = read_region_year(file.read_text(encoding="utf-8"), file=file.name)
    assert (str(parameters.region_code), str(parameters.insured_year)) == (file.parent.name, file.stem)


def test_money_is_taken_only_where_window_and_amounts_have_a_source() -> None:
    payable = {
        f"{file.parent.name}/{file.stem}"
        for file in SHIPPED
        if not read_region_year(file.read_text(encoding="utf-8"), file=file.name).obstacles()
    }
    assert payable == {"110000/2025", "360100/2025"}


def test_the_reading_of_the_waiting_rule_is_marked_unsourced_everywhere() -> None:
    for file in SHIPPED:
        waiting = read_region_year(file.read_text(encoding="utf-8"), file=file.name).waiting
        assert not hasattr(waiting, "not_published")
        assert waiting.first_lapse_year_counts.reliability is Reliability.UNSOURCED


BAD = [
    ("    yuan: {value: 400, source: l1}", "    yuan: {value: 400}", "standards[1].yuan.source", "has no source"),
    ("    yuan: {value: 400, source: l1}", "    yuan: 400", "standards[1].yuan", "is a bare value"),
    (
        "    yuan: {value: 400, source: l1}",
        "    yuan: {value: 400.5, source: l1}",
        "standards[1].yuan.value",
        "in quotes",
    ),
    (
        "    yuan: {value: 400, source: l1}",
        "    yuan: {value: -400, source: l1}",
        "standards[1].yuan.value",
        "not an amount",
    ),
    ("    yuan: {value: 400, source: l1}", "    yuan: {value: 400, source: l9}", "standards[1].yuan.source", "“l9”"),
    ("value: 2024-09-15", "value: 2025-09-15", "window.closes_on", "before the window opens"),
    ("value: 2024-09-15", "value: 2024-09-31", "window.opens_on.value", "a date that does not exist"),
    ("value: 2024-09-15", "value: 20240915", "window.opens_on.value", "is not a day"),
    ("value: 2025-02-28", "value: 2026-02-28", "window.closes_on", "after the last day of cover"),
    ("value: 2025-09-30", "value: 2025-02-01", "window.late.until_on", "after the window's last day"),
    ("value: 2025-09-30", "value: 2026-01-31", "window.late.until_on", "buy nothing"),
    ("insured_year: 2025", "insured_year: 2026", "cover", "does not begin in the insured year 2026"),
    ("notice_year: {value: 2024", "notice_year: {value: 2020", "notice_year", "neither 2025 nor the year before"),
    ("value: 202512", "value: 202413", "due_period.last.value", "yyyymm"),
    ("value: 202512", "value: 202412", "due_period", "ends before it begins"),
    ("    identities: [destitute]", "    identities: [poor]", "assistance[1].identities[1]", "input should be"),
    ("  - group: orphan", "  - group: destitute", "assistance[2].group", "described twice"),
    ("      value: 80\n", "      value: 800\n", "assistance[5].person_pays_yuan", "more than any standard"),
    ("is_minimum: true", "is_minimun: true", "government_subsidy.is_minimun", "check its spelling"),
    ("format: 1", "format: 2", "format", "1"),
    ("  code: 360100", "  code: 3601", "region.code", "six-digit"),
    ("  limit_days: {value: 90, source: l1}\n", "", "newborn", "exactly one of limit_days"),
    ("  after_limit_until_months: {value: 12, source: l1}\n", "", "newborn.after_limit_until_months", "is missing"),
    ("insured_year: 2025", "insured_year: 2025\ninsured_year: 2025", "insured_year", "written twice"),
    ("reliability: B", "reliability: E", "sources.r1.reliability", "input should be"),
]


@pytest.mark.parametrize("old,new,key,reason", BAD)
def test_a_bad_file_is_refused_with_key_line_and_reason(old: str, new: str, key: str, reason: str) -> None:
    text = NANCHANG.replace(old, new, 1)
    assert text != NANCHANG
    parameters, findings = find_in(text, file="mine.yaml")
    assert parameters is None
    found = next((finding for finding in findings if finding.key == key), None)
    assert found is not None, [str(finding) for finding in findings]
    assert reason in found.reason.lower() or reason in found.reason
    assert found.file == "mine.yaml"
    assert 1 <= found.line <= text.count("\n") + 1
    with pytest.raises(CanbaoError) as refusal:
        read_region_year(text, file="mine.yaml")
    assert refusal.value.code == "rulebook.parameters_refused"
    assert "mine.yaml" in str(refusal.value)


def test_the_line_is_the_line_of_the_value() -> None:
    text = NANCHANG.replace("    yuan: {value: 400, source: l1}", "    yuan: {value: 400}", 1)
    _, (finding,) = find_in(text, file="mine.yaml")
    assert finding.line == line_of("    yuan: {value: 400}", text)
    assert str(finding).startswith(f"mine.yaml:{finding.line}: standards[1].yuan.source: has no source")


def test_a_source_that_nothing_names_is_a_finding() -> None:
    text = NANCHANG + "  spare:\n    title: {zh: 多余, en: spare}\n    reliability: A\n"
    _, (finding,) = find_in(text, file="mine.yaml")
    assert (finding.key, finding.reason) == ("sources.spare", "is used by no value; remove it or name it")


def test_two_standards_for_one_person_are_a_finding() -> None:
    again = '  - name: {zh: 成年居民, en: Adults}\n    categories: ["15"]\n    yuan: {value: 410, source: l1}\n'
    text = NANCHANG.replace("government_subsidy:", again + "government_subsidy:", 1)
    _, (finding,) = find_in(text, file="mine.yaml")
    assert finding.key == "standards[2]"
    assert "both fit category 15" in finding.reason


@pytest.mark.parametrize(
    "text,reason",
    [
        ("", "holds no values"),
        ("- 1\n", "holds no values"),
        ("format: [1", "is not YAML"),
        ("a: &x {b: *x}", "repeats another part by reference"),
        ("a: &a [1]\nb: &b [*a, *a]\nc: &c [*b, *b]\n", "repeats another part by reference"),
        ("[a, b]: 1\n", "is not YAML"),
        ("? {a: 1}\n: 2\n", "is not YAML"),
        ("\tformat: 1", "is not YAML"),
        ("format: 1\n" + "# long\n" * 200_000, "too large"),
        ("a: !!python/object/apply:os.system ['true']\n", "is not YAML"),
    ],
)
def test_what_is_no_parameter_file_is_refused_in_one_sentence(text: str, reason: str) -> None:
    parameters, findings = find_in(text, file="mine.yaml")
    assert parameters is None
    assert reason in findings[0].reason


def test_a_kept_document_that_no_longer_fits_is_refused() -> None:
    document = to_document(read_region_year(NANCHANG, file="mine.yaml"))
    with pytest.raises(CanbaoError) as refusal:
        from_document({**document, "insured_year": "soon"}, file="version 7")
    assert refusal.value.code == "rulebook.parameters_refused"


def test_values_cannot_be_changed_in_memory() -> None:
    parameters: RegionYear = read_region_year(NANCHANG, file="mine.yaml")
    with pytest.raises(ValueError, match="frozen"):
        setattr(parameters, "insured_year", 2031)  # noqa: B010  (a plain assignment would not pass the type check)
