"""`canbao order NO`: everything that happened to one order, for who answers a payer's question."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from canbao.kernel.errors import Retry, declare
from canbao.kernel.ids import group_no
from canbao.kernel.money import format_yuan
from canbao.site.cli.discrepancies import beijing
from canbao.site.start import prepare

NOTHING_KNOWN = declare(
    "site.order_unknown",
    Retry.NEVER,
    "没有这个订单，也没有任何渠道提到过它，请核对号码",
    "There is no such order, and no channel ever named it; check the number",
)


def order(
    number: Annotated[str, typer.Argument(metavar="ORDER_NO", help="The order's number, with or without blanks.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Every event, notice, query, transfer, line, refund and document of one order, in time order (Beijing)."""
    prepare()
    from canbao.journeys.tell_order import tell_order

    told = tell_order(number)
    if told.order is None and not told.lines:
        raise NOTHING_KNOWN()
    if as_json:
        document = {
            "order_no": told.order_no,
            "region_code": int(told.region_code),
            "state": str(told.order.state) if told.order is not None else None,
            "amount_fen": told.order.amount_fen if told.order is not None else None,
            "lines": [
                {"at": one.at.isoformat(), "source": one.source, "what": one.what, "detail": one.detail}
                for one in told.lines
            ],
        }
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    console = Console()
    if told.order is None:
        console.print(f"[bold]{group_no(told.order_no)}[/bold]: no order of ours")
    else:
        found = told.order
        console.print(f"[bold]{group_no(found.order_no)}[/bold] {found.state}, {format_yuan(found.amount_fen)} yuan")
    table = Table(box=None, pad_edge=False)
    table.add_column("When", no_wrap=True)
    for heading in ("Where", "What", "Numbers"):
        table.add_column(heading, overflow="fold")
    for one in told.lines:
        table.add_row(beijing(one.at), one.source, one.what, one.detail)
    console.print(table)
