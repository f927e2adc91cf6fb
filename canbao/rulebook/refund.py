"""Whether money goes back, how much, by when, and what becomes of the bill: the rules of refunds, kept pure."""

from __future__ import annotations

from enum import StrEnum


class BillAfter(StrEnum):
    """What becomes of the bill that was paid with the money.

    - `unchanged`: the money paid no bill, or the bill stays as it is;
    - `due_again`: the bill is owed as before, by another bill of the same price;
    - `void`: nothing is owed any more;
    - `reassessed`: the bill stays paid, lessened by what goes back.
    """

    UNCHANGED = "unchanged"
    DUE_AGAIN = "due_again"
    VOID = "void"
    REASSESSED = "reassessed"
