"""The list of bills to pay, kept in the payer's own browser: a signed cookie of two hours, with no name and no number
in it.

Two things live there. *Seen*: the people this browser has proven to know by number and name, each under a short
random key, so that a page's address means nothing to anyone else. *List*: the bills put on the list, in order. Both
are bounded, so the cookie is.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest

from canbao.kernel.regions import RegionCode, region_code

LINES_MOST = 20
"""Bills on one list: as many as one payment takes."""

_SEEN_MOST = 24
_ORDERS_MOST = 5
_SEEN, _LIST, _ORDERS, _SAID = "seen", "list", "orders", "said"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A person this browser has looked up."""

    key: str
    region_code: RegionCode
    person_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedBill:
    """A bill on the list, and the key of the person it is for."""

    key: str
    region_code: RegionCode
    bill_id: UUID


def see(request: HttpRequest, region: RegionCode, person_id: UUID) -> str:
    """Remember a person who was found; answers the key under which the page shows them. The same person keeps the
    key.
    """
    rows = _rows(request, _SEEN)
    entry = [int(region), person_id.hex]
    for row in rows:
        if row[1:] == entry:
            return str(row[0])
    key = secrets.token_hex(6)
    listed = {line.key for line in listed_bills(request)}
    forgettable = [row for row in rows if row[0] not in listed]
    if len(rows) >= _SEEN_MOST and forgettable:
        rows = [row for row in rows if row is not forgettable[0]]
    request.session[_SEEN] = [*rows, [key, *entry]]
    return key


def seen(request: HttpRequest, key: str) -> Seen | None:
    """The person under a key of this browser, or None: another browser's key means nothing here."""
    for row in _rows(request, _SEEN):
        if row[0] == key:
            return Seen(key=key, region_code=region_code(row[1]), person_id=UUID(hex=row[2]))
    return None


def listed_bills(request: HttpRequest) -> tuple[ListedBill, ...]:
    """The list, in the order in which bills were put on it."""
    return tuple(
        ListedBill(key=row[0], region_code=region_code(row[1]), bill_id=UUID(hex=row[2]))
        for row in _rows(request, _LIST)
    )


def put(request: HttpRequest, bill: ListedBill) -> bool:
    """Put a bill on the list; False, and nothing changed, when the list is full. Twice is once."""
    listed = listed_bills(request)
    if any(line.bill_id == bill.bill_id for line in listed):
        return True
    if len(listed) >= LINES_MOST:
        return False
    _keep_list(request, (*listed, bill))
    return True


def take_off(request: HttpRequest, bill_ids: frozenset[UUID]) -> None:
    """Take bills off the list; those that are not on it change nothing."""
    _keep_list(request, tuple(line for line in listed_bills(request) if line.bill_id not in bill_ids))


def note_order(request: HttpRequest, form_key: str, token: str) -> None:
    """Remember which order a pay form made, so that the same form pressed again leads to the same order."""
    request.session[_ORDERS] = [*_rows(request, _ORDERS), [form_key, token]][-_ORDERS_MOST:]


def order_of_form(request: HttpRequest, form_key: str) -> str | None:
    """The token of the order that this form made earlier, if it did."""
    return next((str(row[1]) for row in _rows(request, _ORDERS) if row[0] == form_key), None)


def latest_order(request: HttpRequest) -> str | None:
    """The token of the latest order this browser made."""
    rows = _rows(request, _ORDERS)
    return str(rows[-1][1]) if rows else None


def own_orders(request: HttpRequest) -> frozenset[str]:
    """The tokens of the latest orders this browser made."""
    return frozenset(str(row[1]) for row in _rows(request, _ORDERS))


def leave_word(request: HttpRequest, word: str) -> None:
    """Leave one word for the next page, such as whose bill was just taken off."""
    request.session[_SAID] = word


def take_word(request: HttpRequest) -> str:
    """Take the word left by the previous page; it is said once."""
    return str(request.session.pop(_SAID, ""))


def _keep_list(request: HttpRequest, lines: tuple[ListedBill, ...]) -> None:
    request.session[_LIST] = [[line.key, int(line.region_code), line.bill_id.hex] for line in lines]


def _rows(request: HttpRequest, name: str) -> list[list[Any]]:
    """A list of the session. Its content is ours: the cookie is signed."""
    rows = request.session.get(name, [])
    assert isinstance(rows, list), "the session is written by this module alone"
    return rows
