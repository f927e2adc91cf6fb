"""Every fault of the catalogue, at every moment at which it can strike, ends as docs/faults.md promises.

A moment is one test: its faults are played side by side, each on an order or a day of its own, and every line that
ended otherwise is told with what was promised and what was found.
"""

from __future__ import annotations

from collections import Counter

import pytest

from canbao.kernel.regions import NATION
from canbao.ledger import public as ledger
from canbao.ledger.public import AccountCode
from sandbox.wechat.faults import CATALOGUE, Endpoint, Fault
from tests.faults.days import live_days
from tests.faults.ends import asked_about, end_of, held_by_the_channel, is_refused
from tests.faults.lives import ENDPOINTS, MOMENTS_OF_ORDERS, Moment, live
from tests.faults.played import Played
from tests.faults.promises import calls_never_made, family, promises_at, reaches
from tests.world import NANCHANG

MOMENTS_OF_DAYS = tuple(moment for moment in Moment if moment not in MOMENTS_OF_ORDERS)
MOMENTS_OF_NOTICES = (Moment.NOTICE, Moment.REFUND_NOTICE)
REQUESTS_OF_A_RUN = 4
"""A statement is asked for and fetched: two calls for each of two."""


@pytest.mark.parametrize("moment", MOMENTS_OF_ORDERS)
def test_every_fault_ends_as_promised(played: Played, moment: Moment) -> None:
    promises = promises_at(moment)
    lived = live(played, [promise.cell for promise in promises])
    broken, offs = [], 0
    for promise in promises:
        one = lived[promise.cell.name]
        end, asked = end_of(played, one), asked_about(played, one)
        offs += end.off_fen
        if end.told() != promise.end or asked > promise.asked_most:
            broken.append(f"{promise.cell.name}\n  promised {promise.end} | {promise.asked_most}")
            broken.append(f"  found    {end.told()} | {asked}")
    assert not broken, "\n".join([f"{moment}:", *broken])
    refused = {
        name for name, one in lived.items() if is_refused(played, one.order.order_no, Fault(name.partition("=")[0]))
    }
    assert refused == (family("false notice") if moment in MOMENTS_OF_NOTICES else set())
    assert clearing_fen() == held_by_the_channel(played) + offs
    nothing_is_wrong(played)


@pytest.mark.parametrize("moment", MOMENTS_OF_DAYS)
def test_every_statement_ends_as_promised(played: Played, moment: Moment) -> None:
    promises = promises_at(moment)
    ends = live_days(played, [promise.cell for promise in promises])
    broken = [
        f"{promise.cell.name}\n  promised {promise.end}\n  found    {ends[promise.cell.name].told()}"
        for promise in promises
        if ends[promise.cell.name].told() != promise.end
    ]
    assert not broken, "\n".join([f"{moment}:", *broken])
    bills = sum(count for path, count in played.verbs().items() if "bill" in path)
    assert bills <= 2 * REQUESTS_OF_A_RUN * len(promises)
    assert clearing_fen() == held_by_the_channel(played)
    nothing_is_wrong(played)


def clearing_fen() -> int:
    """What our books say the channel holds for us, of all regions."""
    return sum(
        balance.balance_fen
        for region in (NATION, NANCHANG)
        for balance in ledger.balances(region)
        if balance.account_code == AccountCode.CLEARING
    )


def nothing_is_wrong(played: Played) -> None:
    """Auditors are silent, the channel's own book holds, and the worker was done with everything."""
    assert played.audit() == []
    assert played.gateway.findings() == []
    assert played.troubles == []


def test_every_fault_of_the_catalogue_has_its_place_once() -> None:
    mentioned = Counter(reach.fault for reach in reaches())
    assert set(CATALOGUE) - set(mentioned) == set(), "enter the new fault in docs/faults.md"
    assert [fault for fault, count in mentioned.items() if count != 1] == []
    assert [reach.fault for reach in reaches() if not reach.reason] == []


def test_every_fault_is_played_at_the_moments_named_and_at_no_other() -> None:
    played_at: dict[Fault, set[Moment]] = {fault: set() for fault in CATALOGUE}
    for moment in Moment:
        names = Counter(promise.cell.name for promise in promises_at(moment))
        assert [name for name, count in names.items() if count != 1] == [], f"{moment}: promised twice"
        for promise in promises_at(moment):
            played_at[promise.cell.fault].add(moment)
    named = {reach.fault: set(reach.moments) for reach in reaches()}
    assert {fault: at for fault, at in played_at.items() if at != named[fault]} == {}


def test_every_endpoint_has_a_moment_or_is_never_called() -> None:
    assert {*ENDPOINTS.values(), *calls_never_made(), Endpoint.ANY} == set(Endpoint)
