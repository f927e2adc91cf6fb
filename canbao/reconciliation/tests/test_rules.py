"""The precedence of verdicts, exhaustively: every combination of facts against a table written another way."""

from __future__ import annotations

import pytest

from canbao.channels.interface import LineState
from canbao.payments.states import RefundState
from canbao.reconciliation.rules import MATCHES, PLACES, REFUND_STATES_THAT_AGREE, VERDICTS, Fact, Verdict, judge

ALL = [Fact(facts) for facts in range(2 * Fact.AGREES)]

R, F, B, K, T, V, A, D, G = (
    Fact.REPEATED, Fact.FOREIGN, Fact.REFUND, Fact.KNOWN, Fact.TAKEN, Fact.REVOKED, Fact.SAME_AMOUNT, Fact.SAME_DAY,
    Fact.AGREES,
)  # fmt: skip
NONE = Fact(0)

TABLE = [
    (R, NONE, Verdict.DUPLICATE_LINE),
    (F, NONE, Verdict.FOREIGN),
    (K | A | G, D, Verdict.OTHER_DAY),
    (B | K | A | G, NONE, Verdict.REFUND_MATCHED),
    (B | K, NONE, Verdict.REFUND_DIFFERS),
    (B, NONE, Verdict.ONLY_THEIRS),
    (T, K, Verdict.ONLY_THEIRS),
    (K, A, Verdict.AMOUNT_DIFFERS),
    (K, G, Verdict.STATE_DIFFERS),
    (NONE, K | V, Verdict.STATE_DIFFERS),
    (NONE, NONE, Verdict.MATCHED),
]
"""What must be true, what must not be, and the verdict: the first line that fits holds."""


def test_every_combination_has_the_verdict_of_the_table() -> None:
    for facts in ALL:
        wanted = next(verdict for yes, no, verdict in TABLE if yes in facts and not facts & no)
        assert judge(facts) is wanted, facts


def test_every_verdict_on_a_line_is_given_to_some_combination_and_precedes_as_listed() -> None:
    given = {judge(facts) for facts in ALL}
    assert given == set(Verdict) - {Verdict.ONLY_OURS_SETTLED, Verdict.ONLY_OURS_OPEN}
    assert [str(verdict) for verdict in Verdict] == [
        "duplicate_line", "foreign", "other_day", "refund_matched", "refund_differs", "only_theirs", "amount_differs",
        "state_differs", "matched", "only_ours_settled", "only_ours_open",
    ]  # fmt: skip


def test_sql_is_told_the_verdict_of_every_combination() -> None:
    assert [VERDICTS[place] for place in PLACES] == [judge(facts) for facts in ALL]
    assert [VERDICTS[place] for place in MATCHES] == [Verdict.REFUND_MATCHED, Verdict.MATCHED]


def test_what_sql_passes_over_is_a_plain_match() -> None:
    for facts in ALL:
        if K | A | D | G in facts and not facts & (R | F | B):
            assert judge(facts) is Verdict.MATCHED


@pytest.mark.parametrize("state", [RefundState.ASKED, RefundState.CHECKED, RefundState.APPROVED, RefundState.REJECTED])
def test_a_refund_that_was_never_sent_agrees_with_no_line(state: RefundState) -> None:
    assert not [pair for pair in REFUND_STATES_THAT_AGREE if pair[1] == state]


def test_agreeing_states_are_states() -> None:
    for theirs, ours in REFUND_STATES_THAT_AGREE:
        assert (LineState(theirs), RefundState(ours)) == (theirs, ours)
    assert {ours for theirs, ours in REFUND_STATES_THAT_AGREE if theirs == "refund_success"} == {"succeeded"}
