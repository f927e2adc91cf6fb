"""`canbao treasury`: the money of closed days on its way into the treasury (入库)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from canbao.kernel.ids import group_no
from canbao.kernel.money import format_yuan
from canbao.kernel.regions import region_code
from canbao.site.cli.discrepancies import a_day, of_regions, word
from canbao.site.start import prepare

if TYPE_CHECKING:
    from canbao.reconciliation.public import Booking

app = typer.Typer(help="Treasury: hand closed days over, confirm what arrived, or take back.", no_args_is_help=True)

Number = Annotated[str, typer.Argument(metavar="BOOKING_NO", help="The booking's number, with or without blanks.")]
By = Annotated[str, typer.Option("--by", help="Who does this.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


@app.command()
def book(
    region: Annotated[str, typer.Option("--region", help="The region, six digits.")],
    day: Annotated[str, typer.Option("--day", help="The last closed day to hand over, such as 2024-11-15.")],
    by: By,
    channel: Annotated[str, typer.Option("--channel", help="The channel.")] = "wechat",
    as_json: AsJson = False,
) -> None:
    """Hand over what the closed days until a day brought, one booking for each scheme and due period."""
    prepare()
    from canbao.journeys.book_treasury import book_treasury
    from canbao.kernel.environment import process_clock

    _tell(book_treasury(region_code(region), channel, a_day(day), by=by, clock=process_clock()), as_json)


@app.command()
def confirm(
    number: Number,
    by: By,
    ref: Annotated[str, typer.Option("--ref", help="The treasury's reference.")],
    on: Annotated[str, typer.Option("--on", help="The day on which the treasury booked it.")],
    as_json: AsJson = False,
) -> None:
    """The treasury has the money. Another person than the sender says so."""
    prepare()
    from canbao.journeys.book_treasury import confirm_treasury
    from canbao.kernel.environment import process_clock

    found = confirm_treasury(number, by=by, treasury_ref=ref, booked_on=a_day(on), clock=process_clock())
    _tell([found], as_json)


@app.command("return")
def give_back(
    number: Number, by: By, reason: Annotated[str, typer.Option("--reason", help="Why.")], as_json: AsJson = False
) -> None:
    """The treasury sent it back; it stands as a discrepancy until it is handed over again."""
    prepare()
    from canbao.journeys.book_treasury import return_treasury
    from canbao.kernel.environment import process_clock

    _tell([return_treasury(number, by=by, reason=reason, clock=process_clock())], as_json)


@app.command()
def again(
    number: Number, by: By, cause: Annotated[str, typer.Option("--cause", help="What was corrected.")],
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Hand over again what came back, under the same number."""
    prepare()
    from canbao.journeys.book_treasury import send_treasury_again
    from canbao.kernel.environment import process_clock

    _tell([send_treasury_again(number, by=by, cause=cause, clock=process_clock())], as_json)


@app.command("list")
def list_all(
    region: Annotated[str, typer.Option("--region", help="This region only.", show_default="every region")] = "",
    state: Annotated[list[str] | None, typer.Option("--state", help="sent, booked or returned.")] = None,
    as_json: AsJson = False,
) -> None:
    """Bookings, oldest first."""
    prepare()
    from canbao.reconciliation import public as reconciliation
    from canbao.reconciliation.public import BookingState

    states = [BookingState(word(one, list(BookingState))) for one in state or list(BookingState)]
    _tell([one for place in of_regions(region) for one in reconciliation.bookings(place, states)], as_json)


def _tell(found: Sequence[Booking], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([document(one) for one in found], ensure_ascii=False))
        return
    if not found:
        typer.echo("Nothing to book.")
        return
    table = Table("Booking", "Scheme", "Due period", "Amount", "State", "Treasury", box=None, pad_edge=False)
    for one in found:
        treasury = f"{one.booked_on} {one.treasury_ref}" if one.booked_on else one.reason
        table.add_row(
            group_no(one.booking_no),
            one.scheme_code,
            f"{one.due_from}-{one.due_until}",
            format_yuan(one.amount_fen),
            str(one.state),
            treasury,
        )
    Console().print(table)


def document(one: Booking) -> dict[str, object]:
    """A booking as JSON; its amount in fen."""
    return {
        "booking_no": one.booking_no,
        "channel": one.channel_code,
        "scheme_code": one.scheme_code,
        "due_from": one.due_from,
        "due_until": one.due_until,
        "amount_fen": one.amount_fen,
        "state": str(one.state),
        "treasury_ref": one.treasury_ref,
        "booked_on": one.booked_on.isoformat() if one.booked_on else None,
        "sent_by": one.sent_by,
        "sent_at": one.sent_at.isoformat(),
        "confirmed_by": one.confirmed_by,
        "reason": one.reason,
    }
