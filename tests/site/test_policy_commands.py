"""`canbao policy` as a clerk types it: what it prints, its exit status, and that a refusal publishes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from canbao.policy import public as policy
from canbao.site.cli.policy import app

NANCHANG = policy.VALUES / "360100" / "2025.yaml"
WIDE = {"COLUMNS": "200", "TERM": "dumb"}
GRANDMOTHER = ["--region", "360100", "--year", "2025", "--born", "1957-03-04", "--identity", "minimum_living"]


def run(*words: str) -> tuple[int, str, str]:
    answer = CliRunner(env=WIDE).invoke(app, list(words))
    if answer.exception is not None and not isinstance(answer.exception, SystemExit):
        raise answer.exception
    return answer.exit_code, answer.stdout, answer.stderr


def explained(*words: str) -> dict[str, Any]:
    status, out, _ = run("explain", *words, "--file", str(NANCHANG), "--json")
    assert status == 0
    found: dict[str, Any] = json.loads(out)
    return found


def test_check_says_which_files_are_good_and_which_cannot_be_paid_by() -> None:
    status, out, _ = run("check", *(str(file) for file in policy.shipped_files()))
    assert status == 0
    assert out.count(": good.") == 6
    assert "Nanchang 360100, cover year 2025\n" in out
    assert "Urumqi 650100, cover year 2025; not payable: The window's dates have no reliable source" in out


def test_check_prints_every_finding_with_its_line_and_ends_with_one(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    text = NANCHANG.read_text(encoding="utf-8").replace("value: 400, source: l1", "value: 400")
    bad.write_text(text.replace("is_minimum", "is_minimun"), encoding="utf-8")
    status, out, _ = run("check", str(bad))
    assert status == 1
    line = text[: text.index("value: 400}")].count("\n") + 1
    assert f" {line} " in out
    assert "standards[1].yuan.source" in out
    assert "a number without a source does not load" in out
    assert "government_subsidy.is_minimun" in out
    assert "2 findings. Nothing was published." in out


def test_check_of_a_file_that_is_not_there_is_refused() -> None:
    status, out, err = run("check", "/nowhere/absent.yaml")
    assert (status, out) == (2, "")
    assert "There is no file absent.yaml; check the path" in err


def test_explain_gives_amount_steps_window_and_cover() -> None:
    found = explained(*GRANDMOTHER, "--on", "2024-11-15")
    assert (found["total_fen"], found["government_fen"], found["assistance_fen"]) == (107000, 67000, 32000)
    assert (found["personal_fen"], found["applied_identity"], found["is_final"]) == (8000, "minimum_living", True)
    assert [step["amount_fen"] for step in found["steps"]] == [107000, -67000, 40000, -32000]
    assert [step["source"]["reliability"] for step in found["steps"]] == ["B", "A", "B", "C"]
    assert found["window"]["state"] == "open"
    assert (found["cover"]["from"], found["cover"]["until"]) == ("2025-01-01", "2026-01-01")
    assert (found["notice_year"], found["insured_year"], found["due_from"]) == (2024, 2025, 202501)


def test_explain_of_a_late_payer_with_a_gap_gives_wait_and_marks_the_reading() -> None:
    found = explained(*GRANDMOTHER, "--on", "2025-03-15", "--lapsed", "2", "--repaired", "1")
    assert found["window"]["state"] == "late"
    assert found["cover"]["wait_months"] == 4
    assert found["cover"]["from"] == "2025-07-15"
    assert found["cover"]["steps"][0]["source"]["reliability"] == "unsourced"


@pytest.mark.parametrize("on,state", [("2024-09-01", "not_open"), ("2025-11-01", "closed")])
def test_explain_gives_no_cover_where_nothing_is_taken(on: str, state: str) -> None:
    found = explained(*GRANDMOTHER, "--on", on)
    assert (found["window"]["state"], found["window"]["is_payable"], found["cover"]) == (state, False, None)


@pytest.mark.parametrize(
    "lang,words",
    [
        ("zh", ["个人要缴 80.00 元", "−320.00", "低保对象", "2025-01-01 起至 2025-12-31（当天止）可以报销"]),
        (
            "en",
            [
                "The person pays 80.00 yuan",
                "−320.00",
                "Minimum living allowance",
                "covered from 2025-01-01 to 2025-12-31",
            ],
        ),
    ],
)
def test_explain_prints_for_a_reader_in_either_language(lang: str, words: list[str]) -> None:
    status, out, _ = run("explain", *GRANDMOTHER, "--on", "2024-11-15", "--file", str(NANCHANG), "--lang", lang)
    assert status == 0
    assert [word for word in words if word not in out] == []


@pytest.mark.parametrize(
    "words,said",
    [
        (["--on", "2024-11-31"], "is not a day; write it like 2024-11-15"),
        (["--on", "today"], "is not a day; write it like 2024-11-15"),
        (["--on", "2024-11-15", "--identity", "poor"], "is not a special identity; known are"),
        (["--on", "2024-11-15", "--category", "1101"], "人员类别 1101"),
        (["--on", "2024-11-15", "--year", "2026"], "is for 360100, scheme 390, year 2025; ask for those"),
        (["--on", "2025-03-15", "--lapsed", "1", "--repaired", "2"], "修复了 2 年，但只断保 1 年"),
        (["--on", "2025-03-15", "--exempt", "somebody"], "没有公布免等待期人群“somebody”"),
        (["--on", "2024-11-15", "--region", "36"], "统筹区代码“36”不对"),
    ],
)
def test_explain_refuses_bad_input_in_one_sentence(words: list[str], said: str) -> None:
    status, out, err = run("explain", *GRANDMOTHER, *words, "--file", str(NANCHANG))
    assert (status, out) == (2, "")
    assert said.replace(" ", "") in "".join(err.split()).replace("│", "")


def test_cases_run_and_agree() -> None:
    status, out, _ = run("cases")
    assert status == 0
    assert out.endswith("cases, 0 differences\n")


def test_cases_that_disagree_are_told(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        "- case: Nanchang adult\n  source: made here\n  values: 360100/2025\n  ask: price\n"
        '  facts: {born_on: 1990-05-01, category: "1501"}\n  expect: {personal_fen: 1}\n',
        encoding="utf-8",
    )
    status, out, _ = run("cases", str(mine))
    assert status == 1
    assert out == "Nanchang adult: personal_fen should be 1 and is 40000\n1 cases, 1 differences\n"


def test_a_case_cannot_name_a_file_outside_the_values(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        "- case: Somewhere else\n  source: made here\n  values: ../../../../etc/passwd\n"
        "  ask: due\n  expect: {due_from: 1}\n",
        encoding="utf-8",
    )
    status, _, err = run("cases", str(mine))
    assert status == 2
    assert "lies outside the folder of values; write it like 360100/2025" in err


@pytest.mark.usefixtures("db")
def test_publish_list_and_explain_from_what_is_published() -> None:
    status, out, _ = run("publish", "--all", "--by", "jurist")
    assert status == 0
    assert out.count("published") == 6
    status, out, _ = run("publish", str(NANCHANG), "--by", "jurist")
    assert status == 0
    assert "unchanged" in out
    status, out, _ = run("list", "--json")
    assert status == 0
    assert [
        (row["region_code"], row["insured_year"], row["version_no"], row["published_by"]) for row in json.loads(out)
    ] == [
        (110000, 2025, 1, "jurist"),
        (110000, 2026, 1, "jurist"),
        (130100, 2026, 1, "jurist"),
        (360100, 2025, 1, "jurist"),
        (410100, 2026, 1, "jurist"),
        (650100, 2025, 1, "jurist"),
    ]
    status, out, _ = run("explain", *GRANDMOTHER, "--on", "2024-11-15", "--json")
    assert status == 0
    assert (json.loads(out)["version_no"], json.loads(out)["personal_fen"]) == (1, 8000)


@pytest.mark.usefixtures("db")
def test_explain_of_a_year_that_is_not_published_says_so() -> None:
    status, out, err = run("explain", *GRANDMOTHER, "--on", "2024-11-15", "--lang", "en")
    assert (status, out) == (2, "")
    assert "No policy of 360100 for scheme 390 and year 2025 is published; publish its parameter file first" in err


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    "words,said",
    [
        ([], "Give the files to publish, or --all"),
        (["--all", str(NANCHANG)], "Give the files to publish, or --all"),
        ([str(NANCHANG), "/nowhere/absent.yaml"], "There is no file absent.yaml"),
        ([str(NANCHANG), "--by", "x" * 81], "Say who publishes"),
    ],
)
def test_publish_refuses_bad_input_and_publishes_nothing(words: list[str], said: str) -> None:
    status, out, err = run("publish", *words)
    assert (status, out) == (2, "")
    assert said in err
    assert policy.versions() == []


def test_refunds_prints_every_reason_and_number_with_its_source_and_says_whose_reading_it_is() -> None:
    status, out, _ = run("refunds", "--region", "360100", "--year", "2025", "--file", str(NANCHANG))
    assert status == 0
    for words in (
        "本地没有公布退费规定",
        "重复缴费",
        "自动退",
        "缴错了年度",
        "重新待缴",
        "待遇开始后还可以退的工作日数：0",
    ):
        assert words in out
    status, out, _ = run("refunds", "--region", "360100", "--year", "2025", "--file", str(NANCHANG), "--lang", "en")
    assert "this is the national reading" in out
    assert "paid, less the difference" in out


def test_refunds_as_json_and_by_a_region_of_its_own_rules(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    section = "\nrefund:\n  after_cover_start_working_days: {value: 20, source: l1}\n"
    section += "  automatic_days: {value: 1, source: l1}\n  decided_working_days: {value: 7, source: design}\n"
    own.write_text(NANCHANG.read_text(encoding="utf-8") + section, encoding="utf-8")
    status, out, _ = run("refunds", "--region", "360100", "--year", "2025", "--file", str(own), "--json")
    assert status == 0
    found: dict[str, Any] = json.loads(out)
    assert (found["is_national"], found["working_days_after_cover_start"]["value"]) == (False, 20)
    assert found["decided_working_days"]["source"]["reliability"] == "unsourced"
    assert [reason["reason"] for reason in found["reasons"] if reason["is_automatic"]] == [
        "second_payment",
        "paid_after_close",
        "paid_after_window",
    ]


def test_refunds_of_another_year_than_the_file_s_is_refused() -> None:
    status, out, err = run("refunds", "--region", "360100", "--year", "2024", "--file", str(NANCHANG))
    assert (status, out) == (2, "")
    assert "ask for those" in err
