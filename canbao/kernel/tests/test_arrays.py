"""Arrays arrive in PostgreSQL as the lists that were handed in, whatever they hold."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum
from uuid import UUID

import pytest

from canbao.kernel.connections import connection
from canbao.kernel.sql import Reader, Statement, Statements


class Colour(StrEnum):
    """A closed list, as states are."""

    RED = "red"


SECOND = datetime(2024, 11, 15, 2, 0, 0, 123456, tzinfo=UTC)
NASTY = ["", "NULL", "null", " a ", "{,}", 'a "b"', "back\\slash", "\\", "'; --", "张三", "a\nb\tc", "%s", "٣"]


@pytest.mark.parametrize(
    "kind, values",
    [
        ("uuid", [UUID(int=0), None, UUID(int=2**128 - 1)]),
        ("bigint", [0, -1, None, 9_223_372_036_854_775_807]),
        ("text", [*NASTY, None]),
        ("timestamptz", [SECOND, None]),
        ("date", [date(1957, 1, 31), None]),
        ("boolean", [True, None, False]),
        ("bytea", [b"", b'\x00\\"', None]),
        ("jsonb", ['{"a": "b\\\\c \\"d\\" 张"}']),
        ("text", [None, None]),
        ("text", []),
    ],
)
def test_list_arrives_as_it_was_handed_in(db: None, kind: str, values: list[object]) -> None:
    """Every kind of element a statement takes, with NULLs and with what arrays hold to be special."""
    asked = Statement("probe", f"SELECT %(values)s::{kind}[]", writes=False)
    with connection() as session:
        found = Reader(session, None).scalars(asked, values=values)
    if kind == "jsonb":
        assert found == [[{"a": 'b\\c "d" 张'}]]
    else:
        assert found == [values]


def test_words_of_a_closed_list_arrive_as_their_values(db: None) -> None:
    """States are handed in as the words of their lists."""
    asked = Statement("probe", "SELECT %(values)s::text[]", writes=False)
    with connection() as session:
        assert Reader(session, None).scalars(asked, values=[Colour.RED, None]) == [["red", None]]


def test_text_with_nul_is_refused(db: None) -> None:
    """PostgreSQL has no such character in its texts; nothing is sent."""
    asked = Statement("probe", "SELECT %(values)s::text[]", writes=False)
    with connection() as session, pytest.raises(Exception, match="NUL"):
        Reader(session, None).scalars(asked, values=["a\0b"])


def test_what_is_wanted_in_binary_is_left_to_the_driver(db: None) -> None:
    """A text in place of a binary array would be cast again for every row that it is compared with."""
    asked = Statement("probe", "SELECT pg_typeof(%(ids)b)::text", writes=False, binary=frozenset({"ids"}))
    with connection() as session:
        assert Reader(session, None).scalars(asked, ids=[UUID(int=1)]) == ["uuid[]"]


def test_statements_know_what_they_want_in_binary() -> None:
    """The look-up of known persons takes ids in binary; settling takes its arrays as text."""
    assert Statements("canbao.registry")["list_known_persons"].binary == frozenset({"ids"})
    assert Statements("canbao.payments")["settle_orders"].binary == frozenset()
