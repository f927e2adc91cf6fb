"""Pure decisions of the room: the one verdict of a statement's line, and what of ours should have been on it.

The order of precedence stands here and nowhere else. SQL says which facts are true of a line, as one number; the table
that `PLACES` makes of `judge` says what follows from them.
"""

from __future__ import annotations

from enum import IntFlag, StrEnum
from typing import Final


class Verdict(StrEnum):
    """What becomes of a line, in order of precedence: the first that is true holds.

    duplicate_line     an earlier line of the statement, or a line of another day's, says the same transaction
    foreign            of another merchant or app than ours, or of an order whose number names another region
    other_day          we have it, with the same amount, on another day
    refund_matched     a refund that we know, of the same amount, in a state that fits
    refund_differs     a refund that we know, of another amount or transaction, or in a state that does not fit
    only_theirs        money moved that we know nothing of
    amount_differs     a payment that we know, of another amount
    state_differs      taken back there, or told in words we do not know, or taken for another order than ours
    matched            a payment that we know, of the same amount, on the same day; or none, on both sides

    And for what is ours and absent:

    only_ours_settled  money that we recorded as moved that day, and no line tells of it
    only_ours_open     an order that could last be paid that day, or a refund sent, still without an outcome, and no
                       line tells of it
    """

    DUPLICATE_LINE = "duplicate_line"
    FOREIGN = "foreign"
    OTHER_DAY = "other_day"
    REFUND_MATCHED = "refund_matched"
    REFUND_DIFFERS = "refund_differs"
    ONLY_THEIRS = "only_theirs"
    AMOUNT_DIFFERS = "amount_differs"
    STATE_DIFFERS = "state_differs"
    MATCHED = "matched"
    ONLY_OURS_SETTLED = "only_ours_settled"
    ONLY_OURS_OPEN = "only_ours_open"

    @property
    def is_match(self) -> bool:
        """Whether both sides say the same: such lines are counted, and nothing is written of them."""
        return self in {Verdict.MATCHED, Verdict.REFUND_MATCHED}


class Heal(StrEnum):
    """How a difference went away by itself.

    settled      the payment was recorded from the line, its order settled or its money in suspense; or it turned out so
    carried      it belongs to the neighbour day, whose statement or books have it
    closed       the channel said that the order was not paid, and it is closed
    elsewhere    the number is of a region that takes part: that region's own statement run judges it
    agreed       looked at again, both sides say the same
    superseded   a corrected version of the statement took the place of this one
    """

    SETTLED = "settled"
    CARRIED = "carried"
    CLOSED = "closed"
    ELSEWHERE = "elsewhere"
    AGREED = "agreed"
    SUPERSEDED = "superseded"


class Fact(IntFlag):
    """What can be true of a line; `judge_lines.sql` gives each the same number.

    repeated      another line, earlier or of another day, says the same
    foreign       not our merchant or app, or the order's number names another region
    refund        the line tells of a refund
    known         a capture or a refund of ours has its number
    taken         (payment) the channel says that the money was taken
    revoked       (payment) the channel says that it was taken back
    same_amount   (known) ours is of the same amount
    same_day      (known) ours is of the statement's day
    agrees        (known) what ours and theirs say of it can both be true
    """

    REPEATED = 1
    FOREIGN = 2
    REFUND = 4
    KNOWN = 8
    TAKEN = 16
    REVOKED = 32
    SAME_AMOUNT = 64
    SAME_DAY = 128
    AGREES = 256


def judge(facts: Fact) -> Verdict:
    """The one verdict of a line, by the precedence of `Verdict`."""
    if Fact.REPEATED in facts:
        return Verdict.DUPLICATE_LINE
    if Fact.FOREIGN in facts:
        return Verdict.FOREIGN
    is_same = Fact.SAME_AMOUNT | Fact.AGREES in facts
    if Fact.KNOWN in facts and is_same and Fact.SAME_DAY not in facts:
        return Verdict.OTHER_DAY
    if Fact.REFUND in facts and Fact.KNOWN in facts:
        return Verdict.REFUND_MATCHED if is_same else Verdict.REFUND_DIFFERS
    if Fact.REFUND in facts:
        return Verdict.ONLY_THEIRS
    return _judge_payment(facts)


def _judge_payment(facts: Fact) -> Verdict:
    if Fact.KNOWN not in facts:
        if Fact.TAKEN in facts:
            return Verdict.ONLY_THEIRS
        return Verdict.MATCHED if Fact.REVOKED in facts else Verdict.STATE_DIFFERS
    if Fact.SAME_AMOUNT not in facts:
        return Verdict.AMOUNT_DIFFERS
    return Verdict.MATCHED if Fact.AGREES in facts else Verdict.STATE_DIFFERS


VERDICTS: Final = tuple(Verdict)
PLACES: Final = tuple(VERDICTS.index(judge(Fact(facts))) for facts in range(2 * Fact.AGREES))
"""The verdict of every combination of facts, as a place in `VERDICTS`: how SQL is told the precedence."""

MATCHES: Final = tuple(place for place, verdict in enumerate(VERDICTS) if verdict.is_match)

REFUND_STATES_THAT_AGREE: Final = frozenset(
    {
        ("refund_success", "succeeded"),
        # A line is frozen in the state that its day ended with; what is in work there may have ended since.
        ("refund_processing", "sent"),
        ("refund_processing", "unknown"),
        ("refund_processing", "by_hand"),
        ("refund_processing", "succeeded"),
        ("refund_processing", "failed"),
        ("refund_failed", "failed"),
        ("refund_failed", "by_hand"),
        # Given back another way after it failed.
        ("refund_failed", "succeeded"),
    }
)
"""What a line says of a refund, and the states of ours that can be true beside it."""
