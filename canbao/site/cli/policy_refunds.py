"""The answer of `canbao policy refunds`: why money goes back in a region, what becomes of the bill, and every number
with its source.
"""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from canbao.rulebook.parameters import RegionYear
from canbao.rulebook.refund import REASONS, BillAfter, RefundRules
from canbao.rulebook.refund_reasons import Gate
from canbao.rulebook.refund_rules import SourcedDays
from canbao.rulebook.sourced import Reliability, Source

_WORDS = {
    "zh": {
        "national": "本地没有公布退费规定，以下是全国通行的读法",
        "own": "本地自己的退费规定",
        "reason": "原因",
        "how": "怎么退",
        "bill": "应缴单",
        "before": "要在待遇开始前",
        "source": "依据",
        "reliability": "可靠性",
        "automatic": "自动退",
        "two": "一人申请、另一人审批",
        "after_start": "待遇开始后还可以退的工作日数：{days}",
        "automatic_days": "自动退款最迟几天内退回：{days}",
        "decided_days": "申请退款最迟几个工作日内退回（未扣除法定节假日）：{days}",
        "unsourced": "未找到出处",
    },
    "en": {
        "national": "The region publishes no rule of refunds; this is the national reading",
        "own": "The region's own rules of refunds",
        "reason": "Reason",
        "how": "How",
        "bill": "Bill",
        "before": "Before cover",
        "source": "Source",
        "reliability": "Grade",
        "automatic": "by itself",
        "two": "one asks, another approves",
        "after_start": "Working days after cover has begun in which money may still go back: {days}",
        "automatic_days": "Days within which money that nobody asks for is back: {days}",
        "decided_days": "Working days within which an asked refund is back (public holidays not counted out): {days}",
        "unsourced": "no source",
    },
}
_AFTER = {
    "zh": {
        BillAfter.UNCHANGED: "不变",
        BillAfter.DUE_AGAIN: "重新待缴",
        BillAfter.VOID: "作废",
        BillAfter.REASSESSED: "已缴，减去差额",
    },
    "en": {
        BillAfter.UNCHANGED: "unchanged",
        BillAfter.DUE_AGAIN: "due again",
        BillAfter.VOID: "void",
        BillAfter.REASSESSED: "paid, less the difference",
    },
}
_GATES = {
    "zh": {Gate.NONE: "不限", Gate.ASKED: "申请日", Gate.EVENT: "事实发生日", Gate.BOTH: "申请日和事实发生日"},
    "en": {Gate.NONE: "no", Gate.ASKED: "the asking", Gate.EVENT: "the event", Gate.BOTH: "the asking and the event"},
}


def refund_document(parameters: RegionYear, rules: RefundRules) -> dict[str, Any]:
    """The rules as plain data."""
    return {
        "region_code": int(parameters.region_code),
        "scheme_code": parameters.scheme_code,
        "insured_year": parameters.insured_year,
        "is_national": rules.is_national,
        "working_days_after_cover_start": _days(rules.after_start),
        "automatic_days": _days(rules.automatic),
        "decided_working_days": _days(rules.decided),
        "reasons": [
            {
                "reason": reason.value,
                "name_zh": rule.name.zh,
                "name_en": rule.name.en,
                "is_automatic": rule.is_automatic,
                "undoes": rule.undoes.value,
                "bill_after": rule.bill_after.value,
                "before_cover": rule.gate.value,
                "source": _source(rules.reasons[reason].source),
            }
            for reason, rule in REASONS.items()
        ],
    }


def print_refund_rules(parameters: RegionYear, rules: RefundRules, lang: str, out: Console) -> None:
    """Print the rules for a reader at a counter."""
    words = _WORDS[lang]
    name = parameters.region.name.zh if lang == "zh" else parameters.region.name.en
    out.print(f"[bold]{escape(name)} {parameters.region_code} · {parameters.insured_year}[/bold]")
    out.print(words["national"] if rules.is_national else words["own"], highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("reason", "how", "bill", "before", "source", "reliability"):
        table.add_column(words[title], overflow="fold")
    for reason, rule in REASONS.items():
        source = rules.reasons[reason].source
        table.add_row(
            escape(rule.name.zh if lang == "zh" else rule.name.en),
            words["automatic"] if rule.is_automatic else words["two"],
            _AFTER[lang][rule.bill_after],
            _GATES[lang][rule.gate],
            escape(source.reference if lang == "zh" else source.reference_en),
            _grade(source, lang),
        )
    out.print(table)
    for key, value in (
        ("after_start", rules.after_start),
        ("automatic_days", rules.automatic),
        ("decided_days", rules.decided),
    ):
        told = value.source.reference if lang == "zh" else value.source.reference_en
        line = words[key].format(days=value.days)
        out.print(f"{line}  [dim]{escape(told)}, {_grade(value.source, lang)}[/dim]", highlight=False)
        if value.note is not None:
            out.print(f"  {escape(value.note.zh if lang == 'zh' else value.note.en)}", highlight=False)


def _days(value: SourcedDays) -> dict[str, Any]:
    return {"value": value.days, "source": _source(value.source)}


def _source(source: Source) -> dict[str, Any]:
    return {
        "key": source.key,
        "reference": source.reference,
        "reference_en": source.reference_en,
        "reliability": source.reliability.value,
    }


def _grade(source: Source, lang: str) -> str:
    return _WORDS[lang]["unsourced"] if source.reliability is Reliability.UNSOURCED else source.reliability.value
