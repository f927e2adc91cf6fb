"""A sandbox that cannot start says why in one sentence, ends with 2, and leaves the directory it was given alone."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from sandbox.clock import rfc3339
from sandbox.wechat.errors import ErrorCode
from sandbox.wechat.faults import Fault, rule_for
from sandbox.wechat.tests.conftest import START
from sandbox.wechat.tests.merchant import Merchant, code_of, content_of

BAD_WORDS = [
    (("--port", "99999"), "", "'99999' is no whole number from 0 to 65535"),
    (("--control-port", "-4"), "", "'-4' is no whole number from 0 to 65535"),
    (("--rate", "-1"), "", "'-1' is no whole number from 0 to 1000000000"),
    (("--seed", "one"), "", "invalid int value: 'one'"),
    ((), "tomorrow", "CANBAO_CLOCK is 'tomorrow'; write a date like 2024-11-15"),
    ((), "0001-01-01", "CANBAO_CLOCK is '0001-01-01'; write a date like 2024-11-15"),
    ((), "shift:999999999999", "CANBAO_CLOCK is 'shift:999999999999'; write a date like 2024-11-15"),
]

BAD_STATE = [
    ("identities.json", b"{", "The keys in {state} cannot be read. Remove it to begin anew, or give another --state"),
    ("identities.json", b'{"certificates": []}', "The keys in {state} cannot be read. Remove it to begin anew"),
    ("seed", b"many\n", "holds no number. Remove {state} to begin anew, or give another --state-dir."),
    ("book.sqlite3", b"not a book" * 100, "the book in {state} cannot be read or written. Remove it, or give another"),
]


def start(state: Path, *words: str, clock: str = "") -> tuple[int, str]:
    """Start it and wait for its end; status and what was said of it."""
    ended = subprocess.run(
        [sys.executable, "-m", "sandbox", "wechat", "--state-dir", str(state), *words],
        env=os.environ | {"CANBAO_CLOCK": clock},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert "Traceback" not in ended.stderr
    return ended.returncode, ended.stderr


@pytest.mark.parametrize(("words", "clock", "sentence"), BAD_WORDS)
def test_words_that_cannot_be_used_are_named(tmp_path: Path, words: tuple[str, ...], clock: str, sentence: str) -> None:
    status, error = start(tmp_path / "state", *words, clock=clock)
    assert (status, sentence in error) == (2, True), error
    assert not (tmp_path / "state" / "addresses.json").exists()


@pytest.mark.parametrize(("name", "content", "sentence"), BAD_STATE)
def test_state_that_cannot_be_read_is_named_and_kept(tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    (tmp_path / name).write_bytes(content)
    status, error = start(tmp_path)
    assert (status, sentence.format(state=tmp_path) in error) == (2, True), error
    assert (tmp_path / name).read_bytes() == content


@pytest.mark.parametrize(("state", "reason"), [("/proc/nowhere", "No such file or directory"), ("file", "File exists")])
def test_directory_that_cannot_be_made_is_named(tmp_path: Path, state: str, reason: str) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    status, error = start(tmp_path / state)
    assert (status, f"{tmp_path / state}: {reason}. Give another --state-dir." in error) == (2, True), error
    assert (tmp_path / "file").read_bytes() == b"mine"


@pytest.mark.parametrize("fault", [Fault.PAID_WHILE_CLOSING, Fault.PAID_AFTER_CLOSE])
def test_payer_who_can_no_longer_pay_loses_the_race_to_the_close(merchant: Merchant, fault: Fault) -> None:
    merchant.placed("ORDER0001", changes={"time_expire": rfc3339(START + timedelta(minutes=30))})
    payer = merchant.gateway.ledger.default_payer(START)
    merchant.gateway.ledger.set_balance(payer.openid, 0, START)
    merchant.gateway.faults.add(rule_for(fault))
    merchant.gateway.clock.advance(30 * 60 + 1)
    assert merchant.close("ORDER0001").status == 204
    assert content_of(merchant.ask("ORDER0001"))["trade_state"] == "CLOSED"
    assert merchant.hear(200) == []
    assert merchant.gateway.findings() == []
    assert code_of(merchant.close("ORDER0002")) is ErrorCode.ORDER_NOT_EXIST
