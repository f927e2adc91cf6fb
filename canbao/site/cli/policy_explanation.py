"""The answer of `canbao policy explain`: amount, steps, window and cover for one person, as a document and as print.

It calls the same rules as assessment and cover do, so what a clerk is told here is what the bill will say.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from canbao.kernel.money import format_yuan
from canbao.rulebook.contribution import Facts, Price, person_class, price
from canbao.rulebook.entitlement import Cover, CoverFacts, cover_of
from canbao.rulebook.parameters import RegionYear
from canbao.rulebook.sourced import Reliability, Source
from canbao.rulebook.window import WindowState, WindowVerdict, due_period, window_on

_WORDS = {
    "zh": {
        "version": "第 {no} 版",
        "file": "未发布的文件",
        "year": "{notice} 年筹资通知 · 参保年度 {year} · 费款所属期 {first}–{last}",
        "step": "怎么算的",
        "amount": "金额（元）",
        "source": "依据",
        "reliability": "可靠性",
        "owed": "个人要缴 {amount} 元",
        "not_final": "还不能确定：有资助的数额未在此公布，请先核定",
        "window": "{day}：{state}",
        "cover": "{day} 缴费，{start} 起至 {end}（当天止）可以报销",
        "no_cover": "{day} 缴费，本年度已没有待遇，不能收款",
        "unsourced": "未找到出处",
        "unpaid": "这一天不收款",
    },
    "en": {
        "version": "version {no}",
        "file": "a file that is not published",
        "year": "notice of {notice} · insured year {year} · due period {first}–{last}",
        "step": "How it came about",
        "amount": "Yuan",
        "source": "Source",
        "reliability": "Grade",
        "owed": "The person pays {amount} yuan",
        "not_final": "Not final: the amount of a help is not published here; have it settled first",
        "window": "{day}: {state}",
        "cover": "Paid on {day}: covered from {start} to {end}, that day included",
        "no_cover": "Paid on {day}: nothing of the year is left to cover; no money is taken",
        "unsourced": "no source",
        "unpaid": "No money is taken on this day",
    },
}

_STATES = {
    "zh": {
        WindowState.NOT_OPEN: "还没有开始缴（{opens} 开始）",
        WindowState.OPEN: "可以缴（{closes} 当天止）",
        WindowState.LATE: "集中缴费期已过，可以补缴到 {late}，从缴费起等待 {wait} 个月",
        WindowState.CLOSED: "已截止",
        WindowState.NOT_PUBLISHED: "不能在这里缴",
    },
    "en": {
        WindowState.NOT_OPEN: "not open yet (opens on {opens})",
        WindowState.OPEN: "open (until {closes}, that day included)",
        WindowState.LATE: "late: payable until {late}, with a wait of {wait} months",
        WindowState.CLOSED: "closed",
        WindowState.NOT_PUBLISHED: "cannot be paid here",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked about: a person's facts and the day of payment."""

    born_on: date
    category_code: str
    identity_codes: frozenset[str]
    tier: str | None
    on: date
    lapsed_years: int
    repaired_years: int
    exempt_group: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The answer. `cover` is None on a day whose payment would not be taken because the window is not open or
    closed.
    """

    parameters: RegionYear
    version_no: int | None
    question: Question
    price: Price
    window: WindowVerdict
    cover: Cover | None

    def document(self) -> dict[str, Any]:
        """The answer as plain data: days as ISO text, amounts in fen."""
        due_from, due_until = due_period(self.parameters)
        window = self.window
        return {
            "region_code": int(self.parameters.region_code),
            "scheme_code": self.parameters.scheme_code,
            "notice_year": self.parameters.notice_year.value,
            "insured_year": self.parameters.insured_year,
            "due_from": due_from,
            "due_until": due_until,
            "version_no": self.version_no,
            "on": self.question.on.isoformat(),
            "total_fen": self.price.total_fen,
            "government_fen": self.price.government_fen,
            "assistance_fen": self.price.assistance_fen,
            "personal_fen": self.price.personal_fen,
            "applied_identity": self.price.applied_identity,
            "is_final": self.price.is_final,
            "steps": [
                {
                    "label_zh": step.label_zh,
                    "label_en": step.label_en,
                    "amount_fen": step.amount_fen,
                    "note_zh": step.note_zh,
                    "note_en": step.note_en,
                    "private_zh": step.private_zh,
                    "private_en": step.private_en,
                    "source": _source(step.source),
                }
                for step in self.price.steps
            ],
            "window": {
                "state": window.state.value,
                "is_payable": window.is_payable,
                "opens_on": _iso(window.opens_on),
                "closes_on": _iso(window.closes_on),
                "late_until_on": _iso(window.late_until_on),
                "late_wait_months": window.late_wait_months,
                "full_fen": window.full_fen,
                "full_from_on": _iso(window.full_from_on),
                "obstacles": [{"zh": words.zh, "en": words.en} for words in window.obstacles],
                "note": {"zh": window.note.zh, "en": window.note.en} if window.note else None,
                "source": _source(window.source),
            },
            "cover": _cover(self.cover) if self.cover is not None else None,
        }


def explain(parameters: RegionYear, question: Question, *, version: int | None) -> Explanation:
    """Run the rules for one person. Errors: those of `price` and `cover_of`."""
    facts = Facts(
        born_on=question.born_on,
        category_code=question.category_code,
        identity_codes=question.identity_codes,
        tier=question.tier,
    )
    window = window_on(parameters, question.on, born_on=question.born_on)
    shut = window.state in (WindowState.NOT_OPEN, WindowState.CLOSED)
    return Explanation(
        parameters=parameters,
        version_no=version,
        question=question,
        price=price(person_class(facts, parameters), parameters),
        window=window,
        cover=None if shut or question.on < question.born_on else _cover_on(parameters, question),
    )


def print_explanation(explanation: Explanation, lang: str, out: Console) -> None:
    """Print the answer for a reader at a counter."""
    words = _WORDS[lang]
    parameters, owed = explanation.parameters, explanation.price
    name = parameters.region.name.zh if lang == "zh" else parameters.region.name.en
    scheme = parameters.scheme.name.zh if lang == "zh" else parameters.scheme.name.en
    version = words["file"] if explanation.version_no is None else words["version"].format(no=explanation.version_no)
    due_from, due_until = due_period(parameters)
    years = words["year"].format(
        notice=parameters.notice_year.value, year=parameters.insured_year, first=due_from, last=due_until
    )
    out.print(f"[bold]{escape(name)} {parameters.region_code} · {escape(scheme)}[/bold] ({escape(version)})")
    out.print(years, highlight=False)
    out.print(_steps_table(owed, lang))
    out.print(f"[bold]{words['owed'].format(amount=format_yuan(owed.personal_fen))}[/bold]")
    if not owed.is_final:
        out.print(f"[yellow]{words['not_final']}[/yellow]")
    _print_window(explanation, lang, out)
    if explanation.cover is not None:
        _print_cover(explanation, explanation.cover, lang, out)


def _steps_table(owed: Price, lang: str) -> Table:
    words = _WORDS[lang]
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(words["step"], overflow="fold", ratio=5)
    table.add_column(words["amount"], justify="right", no_wrap=True)
    table.add_column(words["source"], overflow="fold", ratio=4)
    table.add_column(words["reliability"], no_wrap=True)
    for step in owed.steps:
        label, note, private = (
            (step.label_zh, step.note_zh, step.private_zh)
            if lang == "zh"
            else (step.label_en, step.note_en, step.private_en)
        )
        text = "\n".join(part for part in (label, private, note) if part)
        table.add_row(
            escape(text), format_yuan(step.amount_fen), _reference(step.source, lang), _grade(step.source, lang)
        )
    return table


def _print_window(explanation: Explanation, lang: str, out: Console) -> None:
    words, window = _WORDS[lang], explanation.window
    state = _STATES[lang][window.state].format(
        opens=window.opens_on, closes=window.closes_on, late=window.late_until_on, wait=window.late_wait_months
    )
    line = words["window"].format(day=explanation.question.on, state=state)
    out.print(f"{escape(line)}  [dim]{_reference(window.source, lang)}, {_grade(window.source, lang)}[/dim]")
    told = dict.fromkeys((*window.obstacles, *((window.note,) if window.note else ())))
    for sentence in told:
        out.print(f"  {escape(sentence.zh if lang == 'zh' else sentence.en)}", highlight=False)
    if not window.is_payable:
        out.print(f"  {words['unpaid']}", highlight=False)


def _print_cover(explanation: Explanation, cover: Cover, lang: str, out: Console) -> None:
    words, day = _WORDS[lang], explanation.question.on
    if cover.is_empty:
        out.print(words["no_cover"].format(day=day), highlight=False)
    else:
        last = explanation.parameters.cover.last_on.value
        out.print(words["cover"].format(day=day, start=cover.from_on, end=last), highlight=False)
    for step in cover.steps:
        label = step.label_zh if lang == "zh" else step.label_en
        told = f"{_reference(step.source, lang)}, {_grade(step.source, lang)}"
        out.print(f"  {escape(label)}  [dim]{told}[/dim]", highlight=False)


def _cover_on(parameters: RegionYear, question: Question) -> Cover:
    facts = CoverFacts(
        insured_year=parameters.insured_year,
        born_on=question.born_on,
        category_code=question.category_code,
        identity_codes=question.identity_codes,
        paid_on=question.on,
        lapsed_years=question.lapsed_years,
        repaired_years=question.repaired_years,
        exempt_group=question.exempt_group,
    )
    return cover_of(facts, parameters)


def _cover(cover: Cover) -> dict[str, Any]:
    return {
        "from": cover.from_on.isoformat(),
        "until": cover.until_on.isoformat(),
        "wait_months": cover.wait_months,
        "is_empty": cover.is_empty,
        "steps": [
            {"label_zh": step.label_zh, "label_en": step.label_en, "source": _source(step.source)}
            for step in cover.steps
        ],
    }


def _source(source: Source) -> dict[str, Any]:
    return {
        "key": source.key,
        "reference": source.reference,
        "reference_en": source.reference_en,
        "dated_on": _iso(source.dated_on),
        "reliability": source.reliability.value,
    }


def _reference(source: Source, lang: str) -> str:
    reference = source.reference if lang == "zh" else source.reference_en
    return escape(f"{reference} {source.dated_on}" if source.dated_on else reference)


def _grade(source: Source, lang: str) -> str:
    return _WORDS[lang]["unsourced"] if source.reliability is Reliability.UNSOURCED else source.reliability.value


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None
