"""The book's file: kept over a restart, and refused where it was written by another version."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from sandbox.wechat.store import VERSION, Store


def test_book_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "book.sqlite3"
    first = Store(path)
    first.run("INSERT INTO setting VALUES ('fee_per_million', 6000)")
    first.close()
    again = Store(path)
    assert again.number("SELECT value FROM setting") == 6000
    assert again.number("PRAGMA user_version") == VERSION
    again.close()


def test_book_of_another_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "book.sqlite3"
    former = sqlite3.connect(path)
    former.execute("CREATE TABLE trade_order (out_trade_no TEXT)")
    former.commit()
    former.close()
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"is of version 1, and this sandbox writes version 2\. Remove it"):
        Store(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
