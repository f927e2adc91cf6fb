"""What each step does to the world.

A step that finds nothing to act on does nothing: after others were left out of its history it still makes sense. What
a payer or an operator is refused is an outcome like any other and stands in the trace by its code; an error that nobody
foresaw is a trouble, and ends the run.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import psycopg

from canbao.billing import public as billing
from canbao.channels.interface import Device, Mode
from canbao.journeys.chase_orders import ask_now, close_order
from canbao.journeys.pay_bills import Payer, open_wallet, pay_bills
from canbao.journeys.reconcile_day import alarm_missing
from canbao.kernel.clock import civil_date
from canbao.kernel.errors import CanbaoError
from canbao.kernel.money import Fen
from canbao.kernel.regions import NATION
from canbao.payments import public as payments
from canbao.payments.public import Order
from canbao.site.worker import LOOPS
from sandbox.wechat.bulk import BulkOrder, build_bulk
from sandbox.wechat.errors import ChannelError, ErrorCode, SandboxRefusal
from sandbox.wechat.faults import Endpoint, Fault, Rule
from sandbox.wechat.ledger import PayerState, merchant_account
from sandbox.wechat.refund_record import RefundState
from simulation.closing import book, shut
from simulation.desk import operate, resolve
from simulation.fate import Died
from simulation.steps import Act, Step
from simulation.town import BASKETS, NANCHANG
from simulation.world import World

AGREEMENT = "2024-09-01"
ADDRESS = "203.0.113.7"
PAYER_STATES = (PayerState.CARD_DEAD, PayerState.NORMAL, PayerState.CANCELLED, PayerState.NORMAL)


def take(world: World, step: Step) -> None:
    """Let a step happen now, with its fault, its death and what happens meanwhile; the trace says what came of it."""
    number = _break(world, step) if step.fault and step.act is not Act.FAULT else None
    if step.act not in (Act.WORK, Act.NOTICES):
        _doom(world, step)()
    try:
        outcome = _outcome(world, step)
    except Died:
        outcome = "died"
    except Exception as failure:
        outcome = f"broke: {type(failure).__name__}"
        world.troubles.append(f"{step.told()}: {type(failure).__name__}: {failure}"[:300])
    finally:
        world.fate.spare()
        if number is not None:
            world.gateway.faults.clear(number)
    world.note(f"{step.told()} -> {outcome}")


def _in_between(world: World, step: Step) -> Callable[[], None] | None:
    """What happens in the middle of the step, if anything; whoever meets a lock comes again some time later."""
    if step.meanwhile is None:
        return None
    other = replace(step, act=step.meanwhile, die_at=0, meanwhile=None, fault="")
    if step.meanwhile is Act.OPEN:
        # The other phone: it wants some of the same.
        other = replace(other, tab=(step.tab + 1) % len(BASKETS))

    def act() -> None:
        try:
            outcome = _outcome(world, other)
        except psycopg.errors.LockNotAvailable:
            outcome = "had to wait"
        world.note(f"   meanwhile {other.act} -> {outcome}")

    return act


def _outcome(world: World, step: Step) -> str:
    try:
        return _ACTS[step.act](world, step)
    except CanbaoError as refused:
        return refused.code
    except SandboxRefusal as refused:
        return f"channel: {refused.code}"
    except ChannelError as refused:
        return f"channel: {refused.code.value}"


def _break(world: World, step: Step) -> int:
    return world.gateway.faults.add(
        Rule(
            fault=Fault(step.fault),
            endpoint=Endpoint(step.endpoint),
            times=step.times,
            seconds=float(step.span_s),
            count=1 if step.fault == Fault.NOTICE_STOP_AFTER_TRIES else 2,
            delta_fen=step.amount_fen or 1,
            code=ErrorCode(step.code) if step.code else ErrorCode.SYSTEM_ERROR,
        )
    )


def _open(world: World, step: Step) -> str:
    visit = world.visit(step.house, step.tab)
    visit.key = f"press-{secrets.token_hex(8)}"
    return _press(world, step)


def _press(world: World, step: Step) -> str:
    visit = world.visit(step.house, step.tab)
    if not visit.key:
        return "never pressed"
    house = world.town.houses[step.house]
    bill_ids = [house[member] for member in BASKETS[step.tab]]
    bills = billing.bills(NANCHANG, bill_ids)
    found = pay_bills(
        NANCHANG,
        bill_ids,
        payer=Payer(
            channel_code="wechat",
            mode=Mode.NATIVE if step.tab == 1 else Mode.H5,
            device=Device.IOS,
            address=ADDRESS,
        ),
        addresses=world.addresses,
        agreement_version=AGREEMENT,
        expected_fen=Fen(sum(bill.personal_fen for bill in bills)),
        idempotency_key=visit.key,
        clock=world.clock,
    )
    if all(known.order_id != found.order_id for known in visit.orders):
        visit.orders.append(found)
    return f"{found.order_no} {found.state}"


def _known(world: World, step: Step) -> Order | None:
    """An order that the payer was shown, as it is now: the last one, or an earlier one."""
    orders = world.visit(step.house, step.tab).orders
    if not orders:
        return None
    return payments.order(NANCHANG, orders[max(0, len(orders) - 1 - step.which)].order_id)


def _wallet(world: World, step: Step) -> str:
    found = _known(world, step)
    if found is None:
        return "no order"
    after = open_wallet(found, addresses=world.addresses, clock=world.clock)
    return f"{after.order_no} {after.state}"


def _pay(world: World, step: Step) -> str:
    """Somebody pays in a wallet that was opened: of five phones, one that the household and the tab choose."""
    found = _known(world, step)
    if found is None or not found.opens:
        return "no wallet"
    phone = world.phones[(step.house + step.tab + step.which) % len(world.phones)]
    with world.gateway.lock:
        order = world.gateway.orders.named(out_trade_no=found.order_no)
        paid = world.gateway.orders.pay(order, phone, world.now)
    return f"{found.order_no} pays {paid.total_fen}"


def _ask(world: World, step: Step) -> str:
    found = _known(world, step)
    return "no order" if found is None else str(ask_now(NANCHANG, found.order_id, clock=world.clock).state)


def _close(world: World, step: Step) -> str:
    found = _known(world, step)
    return "no order" if found is None else str(close_order(NANCHANG, found.order_id, clock=world.clock).state)


def _lie(world: World, step: Step) -> str:
    """A signed notice of a payment that never happened: for an order of ours, of its amount or another; or for none."""
    found = _known(world, step)
    if found is None:
        return "no order"
    order_no = found.order_no if step.which == 0 else f"never{secrets.token_hex(8)}"
    amount_fen = max(1, found.amount_fen + step.amount_fen)
    before = world.gateway.store.number("SELECT coalesce(max(last), 0) FROM counter WHERE kind = 'transaction'")
    (message,) = build_bulk(
        world.gateway, [BulkOrder(out_trade_no=order_no, amount_fen=amount_fen)], is_paid_here=False
    )
    after = world.gateway.store.number("SELECT max(last) FROM counter WHERE kind = 'transaction'")
    assert after == before + 1, "one number was used up for it"
    world.invented[f"{after:010d}"] = amount_fen
    world.postman.is_deaf = world.now < world.deaf_until
    return f"{order_no} {amount_fen}: {world.postman.hand_in([(message.headers, message.body)])[0]}"


def _replay(world: World, step: Step) -> str:
    """A notice of the past once more: newly signed, or byte for byte."""
    listed = world.gateway.notices.listed()
    if not listed:
        return "none yet"
    notice_id = str(listed[step.which % len(listed)]["notice_id"])
    with world.gateway.lock:
        messages = world.gateway.notices.replay(
            notice_id, world.now, is_original=step.which % 2 == 0, copies=1 + step.which % 3, is_concurrent=True
        )
    world.postman.is_deaf = world.now < world.deaf_until
    world.postman.post(messages)
    return f"{len(messages)} copies"


def _fault(world: World, step: Step) -> str:
    return f"rule {_break(world, step)}"


def _calm(world: World, step: Step) -> str:
    return f"{world.gateway.faults.clear()} faults mended"


def _work(world: World, step: Step) -> str:
    """What shall befall the next worker that has something to do; in between others a worker passes by at once."""
    if world.fate.depth:
        return " ".join(f"{loop.name} {world.turn(loop)}" for loop in LOOPS)
    world.doom_of_work = _doom(world, step)
    return "is to come"


def _away(world: World, step: Step) -> str:
    world.away_until = world.now + timedelta(seconds=step.span_s)
    return f"until {world.away_until:%H:%M}"


def _notices(world: World, step: Step) -> str:
    """What shall befall the next delivery; in between others what is due is delivered at once."""
    if world.fate.depth:
        return f"{world.postman.deliver()} notices"
    world.doom_of_notices = _doom(world, step)
    return "is to come"


def _doom(world: World, step: Step) -> Callable[[], None]:
    return lambda: world.fate.decide(
        die_at=step.die_at, meanwhile_at=step.meanwhile_at, meanwhile=_in_between(world, step)
    )


def _deaf(world: World, step: Step) -> str:
    world.deaf_until = world.now + timedelta(seconds=step.span_s)
    return f"until {world.deaf_until:%H:%M}"


def _card(world: World, step: Step) -> str:
    phone = world.phones[step.which % len(world.phones)]
    state = PAYER_STATES[step.which // len(world.phones) % len(PAYER_STATES)]
    return str(world.gateway.ledger.set_payer_state(phone, state).state)


def _short(world: World, step: Step) -> str:
    """All but a little of our money at the channel goes to our bank."""
    merchant = world.gateway.keys.mchid
    held_fen = world.gateway.ledger.balance_fen(merchant_account(merchant))
    if held_fen < 2:
        return "nothing there"
    return f"{world.gateway.ledger.withdraw(merchant, held_fen - 1, world.now)} left"


def _top_up(world: World, step: Step) -> str:
    return f"{world.gateway.ledger.deposit(world.gateway.keys.mchid, 10_000_000, world.now)} there"


def _finish(world: World, step: Step) -> str:
    """A refund that hangs at the channel is ended there, one way or another."""
    hanging = [one for one in world.gateway.refunds.recent(50) if one.state is RefundState.PROCESSING]
    if not hanging:
        return "none in work"
    refund = hanging[step.which % len(hanging)]
    state = (RefundState.SUCCESS, RefundState.ABNORMAL, RefundState.CLOSED)[step.which % 3]
    with suppress(ChannelError):
        return f"{refund.out_refund_no} {world.gateway.refunds.finish(refund, state, world.now).state}"
    return "refused"


def _compare(world: World, step: Step) -> str:
    """What the schedule runs at ten and after: every day of the last week that was not matched yet."""
    if world.now < world.away_until:
        return "nobody is there"
    return world.compare()


def _alarm(world: World, step: Step) -> str:
    """What it runs at noon: the same, and whoever still has no statement is told of."""
    if world.now < world.away_until:
        return "nobody is there"
    compared = world.compare()
    missing = sum(alarm_missing(region, clock=world.clock) for region in (NATION, NANCHANG))
    world.alarmed_on = civil_date(world.now)
    return f"{compared}; {missing} missing"


def _operate(world: World, step: Step) -> str:
    return operate(world, step.which)


def _resolve(world: World, step: Step) -> str:
    return resolve(world, step.which)


def _shut(world: World, step: Step) -> str:
    return shut(world, step.which)


def _book(world: World, step: Step) -> str:
    return book(world, step.which)


def _fee(world: World, step: Step) -> str:
    """Public money pays no fee; a merchant's does, and which it is the channel may decide anew."""
    world.gateway.ledger.set_fee_per_million(step.amount_fen)
    return f"{step.amount_fen} of a million"


_ACTS: dict[Act, Callable[[World, Step], str]] = {
    Act.OPEN: _open,
    Act.PRESS: _press,
    Act.WALLET: _wallet,
    Act.PAY: _pay,
    Act.ASK: _ask,
    Act.CLOSE: _close,
    Act.LIE: _lie,
    Act.REPLAY: _replay,
    Act.FAULT: _fault,
    Act.CALM: _calm,
    Act.WORK: _work,
    Act.AWAY: _away,
    Act.NOTICES: _notices,
    Act.DEAF: _deaf,
    Act.CARD: _card,
    Act.SHORT: _short,
    Act.TOP_UP: _top_up,
    Act.FINISH: _finish,
    Act.OPERATE: _operate,
    Act.COMPARE: _compare,
    Act.ALARM: _alarm,
    Act.RESOLVE: _resolve,
    Act.SHUT: _shut,
    Act.BOOK: _book,
    Act.FEE: _fee,
}
