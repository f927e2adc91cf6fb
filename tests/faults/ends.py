"""How a cell ended: read from our books through the rooms' front doors, and from the channel's own book."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from canbao.kernel.regions import NATION
from canbao.payments import public as payments
from canbao.payments.public import Refund, RefundState
from sandbox.wechat.faults import Fault
from tests.faults.lives import Lived
from tests.faults.played import Played
from tests.world import NANCHANG, rows

NOTHING = "-"
EQUAL = "equal"
HTTP_REFUSAL = 400
WAITS_FOR_A_PERSON = {RefundState.ASKED, RefundState.CHECKED, RefundState.BY_HAND}


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The end of a cell, each part in the words of the table's column of that name; `asked` is checked apart."""

    order: str
    money: str
    bill: str
    refund: str
    cases: str
    statement: str
    person: str
    books: str

    @property
    def off_fen(self) -> int:
        """What we believe to hold beyond what the channel holds."""
        return 0 if self.books == EQUAL else int(self.books.removesuffix(" fen"))

    def told(self) -> str:
        """The end as the table writes it."""
        return " | ".join(
            (self.order, self.money, self.bill, self.refund, self.cases, self.statement, self.person, self.books)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Capture:
    """A capture of the order, or of its transaction under whatever number and in whichever region."""

    region_code: int
    capture_id: UUID
    order_no: str
    amount_fen: int
    disposition: str


def end_of(played: Played, lived: Lived) -> End:
    """How it stands with an order and all that belongs to it, now."""
    order = payments.order(NANCHANG, lived.order.order_id)
    assert order is not None, "an order does not vanish"
    captures = _captures(played, order.order_no)
    refunds = payments.refunds_of(NANCHANG, order.order_no)
    cases = _cases([order.order_no, *(capture.order_no for capture in captures)])
    differences = _differences(played, order.order_no)
    waits = cases or differences or any(refund.state in WAITS_FOR_A_PERSON for refund in refunds)
    return End(
        order=str(order.state),
        money=_listed(_money(capture, refunds) for capture in captures),
        bill=played.bill_state(lived.resident),
        refund=_listed(_refund(refund) for refund in refunds),
        cases=_listed(cases),
        statement=_listed(differences),
        person="yes" if waits else "no",
        books=_books(played, order.order_no, captures, refunds),
    )


def asked_about(played: Played, lived: Lived) -> int:
    """How often the channel was asked anything about an order or a refund of it."""
    refunds = payments.refunds_of(NANCHANG, lived.order.order_no)
    return played.requests(lived.order.order_no, *(refund.refund_no for refund in refunds))


def is_refused(played: Played, order_no: str, fault: Fault) -> bool:
    """Whether we refused what the fault made of a notice of the order; what was sent beside it may be another's."""
    answers = [
        str(attempt["outcome"])
        for notice in played.gateway.notices.listed(order_no)
        for attempt in _attempts(notice)
        if str(fault) in str(attempt["faults"]) and not attempt["is_extra"]
    ]
    return any(answer.isdecimal() and int(answer) >= HTTP_REFUSAL for answer in answers)


def _attempts(notice: dict[str, object]) -> list[dict[str, object]]:
    found = notice["attempts"]
    assert isinstance(found, list), "a notice lists its attempts"
    return found


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words) or NOTHING


def _trade_ref(played: Played, order_no: str) -> str:
    row = played.gateway.store.row("SELECT transaction_id FROM trade_order WHERE out_trade_no = ?", (order_no,))
    return str(row["transaction_id"]) if row is not None and row["transaction_id"] is not None else ""


def _captures(played: Played, order_no: str) -> list[_Capture]:
    found = rows(
        "SELECT region_code, id, order_no, amount_fen, disposition FROM payments_capture "
        "WHERE order_no = %s OR trade_ref = %s ORDER BY disposition, order_no",
        order_no,
        _trade_ref(played, order_no),
    )
    return [
        _Capture(
            region_code=int(str(region_code)),
            capture_id=UUID(str(capture_id)),
            order_no=str(of_order),
            amount_fen=int(str(amount_fen)),
            disposition=str(disposition),
        )
        for region_code, capture_id, of_order, amount_fen, disposition in found
    ]


def _money(capture: _Capture, refunds: Sequence[Refund]) -> str:
    back = sum(
        refund.amount_fen
        for refund in refunds
        if refund.capture_id == capture.capture_id and refund.state is RefundState.SUCCEEDED
    )
    word = "refunded" if back == capture.amount_fen else capture.disposition
    return word if capture.region_code == NANCHANG else f"{word} by the nation"


def _refund(refund: Refund) -> str:
    return f"{refund.state}: {refund.next_step}" if refund.state is RefundState.BY_HAND else str(refund.state)


def _cases(order_nos: Sequence[str]) -> list[str]:
    """The kinds of open cases, wherever they lie."""
    open_cases = [*payments.open_cases(NANCHANG, limit=500), *payments.open_cases(NATION, limit=500)]
    return sorted({case.kind for case in open_cases if case.order_no in order_nos})


def _differences(played: Played, order_no: str) -> list[str]:
    """The kinds of what statements say otherwise of the order or its transaction, and what still stands of it."""
    found = rows(
        "SELECT DISTINCT kind FROM reconciliation_discrepancy WHERE state IN ('open', 'taken', 'proposed') "
        "AND kind <> 'case' AND (order_no = %s OR trade_ref = nullif(%s, '')) ORDER BY kind",
        order_no,
        _trade_ref(played, order_no),
    )
    return [str(kind) for (kind,) in found]


def _books(played: Played, order_no: str, captures: Sequence[_Capture], refunds: Sequence[Refund]) -> str:
    """What we believe to hold of the order less what the channel holds, in fen; `equal` as it should be."""
    ours = sum(capture.amount_fen for capture in captures)
    ours -= sum(refund.amount_fen for refund in refunds if refund.state is RefundState.SUCCEEDED)
    theirs = held_by_the_channel(played, order_no)
    return EQUAL if ours == theirs else f"{ours - theirs:+d} fen"


def held_by_the_channel(played: Played, order_no: str = "") -> int:
    """What the channel took of payers and did not give back, of one order or of all, in fen, fees left aside."""
    taken = played.gateway.store.number(
        "SELECT coalesce(sum(total_fen), 0) FROM trade_order WHERE transaction_id IS NOT NULL "
        "AND ? IN ('', out_trade_no)",
        (order_no,),
    )
    given_back = played.gateway.store.number(
        "SELECT coalesce(sum(amount_fen), 0) FROM refund WHERE state = 'SUCCESS' AND ? IN ('', out_trade_no)",
        (order_no,),
    )
    return int(taken) - int(given_back)
