"""The auditor of statements is silent about what is whole, and finds each thing that is not."""

from __future__ import annotations

import pytest

from canbao.kernel.errors import CanbaoError, Retry
from canbao.reconciliation.statement_checks import statements_have_their_lines
from canbao.reconciliation.tests.clerk import Clerk, change

SPOILS = [
    "DELETE FROM reconciliation_line WHERE line_no = 2",
    "UPDATE reconciliation_statement SET line_count = line_count + 1",
    "UPDATE reconciliation_statement SET state = 'loaded'",
    "UPDATE reconciliation_statement SET move_count = move_count + 1",
    "DELETE FROM reconciliation_statement_event WHERE event = 'match'",
    "UPDATE reconciliation_line SET statement_id = '00000000-0000-7000-8000-000000000001' WHERE line_no = 3",
]


def test_whole_statements_leave_nothing_to_find(clerk: Clerk) -> None:
    clerk.compare(clerk.paid(), clerk.line("nobody"))
    with pytest.raises(CanbaoError):
        clerk.load([clerk.paid()], error=CanbaoError("channels.statement_truncated", Retry.NEVER, {"line": 2}))
    assert statements_have_their_lines(clerk.region) == []


@pytest.mark.parametrize("spoil", SPOILS)
def test_what_is_amiss_is_found(clerk: Clerk, spoil: str) -> None:
    clerk.compare(clerk.paid(), clerk.line("nobody"))
    change(spoil)
    assert {finding.auditor for finding in statements_have_their_lines(clerk.region)} == {
        "reconciliation.statements_have_their_lines"
    }
