"""`canbao demo`: set everything up, run the main job once through the real doors, and say what happened."""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from canbao.kernel.ids import group_no
from canbao.kernel.money import format_yuan
from canbao.site.start import prepare

if TYPE_CHECKING:
    from canbao.site.demo.scene import Say
    from canbao.site.demo.story import Told

BUSINESS_DATE = "2024-11-15"
"""Inside Nanchang's window for cover year 2025 (15 September 2024 to 28 February 2025)."""

ROOT = Path(__file__).resolve().parents[3]

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else on standard output.")]


def demo(as_json: AsJson = False) -> None:
    """Run the main job: a family of four pays through WeChat's real protocol and holds a voucher anyone can verify.

    Set on the business date 2024-11-15, Nanchang, cover year 2025; CANBAO_CLOCK sets another. Run again: another
    family pays. In the JSON, `until` is half-open: the first day without cover.
    """
    started = time.monotonic()
    os.environ.setdefault("CANBAO_CLOCK", BUSINESS_DATE)
    console = Console(stderr=as_json, highlight=False)

    def say(line: str) -> None:
        console.print(f"{time.monotonic() - started:6.1f} s  {line}", soft_wrap=True)

    from canbao.site.stack import sole_stack

    with sole_stack():
        prepare(migrated=False)
        say("database ready")
        told = _play(say)
    seconds = time.monotonic() - started
    if as_json:
        sys.stdout.write(json.dumps(_as_object(told, seconds), ensure_ascii=False) + "\n")
    else:
        _print(console, told, seconds)
    good = told.order_state == "settled" and told.bills_paid == len(told.covers) and told.receipt_valid
    raise typer.Exit(0 if good and not told.findings else 1)


def _play(say: Say) -> Told:
    """Set the scene, run the stack, and let the story be told."""
    from canbao.site.demo.scene import set_the_scene
    from canbao.site.demo.story import tell
    from canbao.site.stack import Stack

    scene = set_the_scene(say)
    say(f"business date {scene.clock.today().isoformat()}")
    stack = Stack(clock=scene.clock)
    try:
        addresses = stack.start()
        say(f"pages {addresses.pages}, intake {addresses.intake}, WeChat sandbox {addresses.sandbox}, worker")
        return tell(scene, addresses, ROOT / ".local" / "demo", say)
    except LookupError as missed:
        typer.secho(f"{missed}\nThe logs are in {stack.logs}.", fg="red", err=True)
        raise typer.Exit(1) from missed
    finally:
        stack.stop()


def _as_object(told: Told, seconds: float) -> dict[str, object]:
    return {
        "region_code": told.region_code,
        "order_no": told.order_no,
        "amount_fen": told.amount_fen,
        "order_state": told.order_state,
        "bills_paid": told.bills_paid,
        "covers": [
            {"from": cover.covered_from.isoformat(), "until": cover.covered_until.isoformat()} for cover in told.covers
        ],
        "findings": [f"{found.auditor}: {found.subject}" for found in told.findings],
        "receipt_pdf": str(told.receipt_pdf),
        "receipt_valid": told.receipt_valid,
        "notice_to_settled_ms": told.notice_to_settled_ms,
        "seconds": round(seconds, 1),
    }


def _print(console: Console, told: Told, seconds: float) -> None:
    table = Table(
        "", "paid", "covered from", "up to and including", title=f"order {group_no(told.order_no)}: {told.order_state}"
    )
    for cover in told.covers:
        table.add_row(
            cover.role,
            f"￥{format_yuan(cover.amount_fen)}",
            cover.covered_from.isoformat(),
            (cover.covered_until - timedelta(days=1)).isoformat(),
        )
    console.print(table)
    console.print(f"amount             ￥{format_yuan(told.amount_fen)}, {told.bills_paid} bills paid")
    console.print(f"notice to settled  {told.notice_to_settled_ms} ms")
    console.print(f"auditors           {len(told.findings)} findings")
    for found in told.findings:
        console.print(f"    {found.auditor} {found.subject}: expected {found.expected}, found {found.found}")
    console.print(f"voucher            {told.receipt_pdf}", soft_wrap=True)
    judged = "good" if told.receipt_valid else "BAD"
    console.print(f"verification       {told.verdict}; signature, number and bytes {judged}")
    console.print(f"total              {seconds:.1f} s")
