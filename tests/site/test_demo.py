"""`canbao demo` keeps its promise, twice on one fresh database; and commands that are used wrongly say what is wrong,
end with status 2, and change nothing.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner

from canbao.journeys.publish_policy import publish_policy
from canbao.kernel.clock import FixedClock
from canbao.kernel.environment import process_clock
from canbao.kernel.ids import Kind, parse_no
from canbao.policy import public as policy
from canbao.site import postgres
from canbao.site.cli.main import app

ROOT = Path(__file__).resolve().parents[2]
DEMO_S_MAX = 180

PROMISED = {
    "region_code": int,
    "order_no": str,
    "amount_fen": int,
    "order_state": str,
    "bills_paid": int,
    "covers": list,
    "findings": list,
    "receipt_pdf": str,
    "receipt_valid": bool,
    "notice_to_settled_ms": int,
    "seconds": float,
}
"""The keys of the object, in order, and what each holds."""


@pytest.fixture(scope="module")
def fresh_database() -> Iterator[str]:
    """The address of a database without a single table."""
    address = postgres.start(ROOT / ".local" / "postgres-test", durable=False)
    name = f"demo_{os.getpid()}_{secrets.token_hex(3)}"
    postgres.create_database(address, name)
    yield address.url(name)
    postgres.drop_database(address, name)


def demo(database: str, state: Path) -> dict[str, Any]:
    """Run the demonstration as a person does; what it printed."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CANBAO_")}
    environment |= {"DATABASE_URL": database, "CANBAO_STATE_DIR": str(state)}
    done = subprocess.run(
        [sys.executable, "-m", "canbao.site.cli.main", "demo", "--json"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=DEMO_S_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("\n") == 1, "one line and nothing else on standard output"
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.slow
def test_demonstration_twice_on_a_fresh_database_prints_what_is_promised(fresh_database: str, tmp_path: Path) -> None:
    first, second = demo(fresh_database, tmp_path), demo(fresh_database, tmp_path)
    for told in (first, second):
        assert list(told) == list(PROMISED)
        assert {key: type(told[key]) for key in told} == PROMISED
        assert (told["region_code"], told["order_state"], told["bills_paid"]) == (360100, "settled", 4)
        assert (told["amount_fen"], told["findings"], told["receipt_valid"]) == (128_000, [], True)
        assert parse_no(told["order_no"], Kind.ORDER).region_code == 360100
        assert [sorted(cover) for cover in told["covers"]] == [["from", "until"]] * 4
        assert {cover["until"] for cover in told["covers"]} == {"2026-01-01"}
        starts = sorted(date.fromisoformat(cover["from"]) for cover in told["covers"])
        assert starts[-3:] == [date(2025, 1, 1)] * 3
        assert Path(told["receipt_pdf"]).read_bytes().startswith(b"%PDF-")
        assert 0 <= told["notice_to_settled_ms"] < 20_000
    assert first["order_no"] != second["order_no"]
    assert first["receipt_pdf"] != second["receipt_pdf"]


@pytest.fixture
def ready(db: None, clock: FixedClock) -> None:
    """A migrated database that knows the shipped regions."""
    publish_policy(policy.shipped_files(), by="a clerk", clock=clock)


def canbao(*words: str) -> tuple[int, str, str]:
    """Run a command; status and both outputs. Nothing else than a sentence may come out of it."""
    answer = CliRunner(env={"COLUMNS": "200", "TERM": "dumb"}).invoke(app, list(words))
    assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
    return answer.exit_code, answer.stdout, answer.stderr


@pytest.mark.parametrize(
    "words, sentence",
    [
        (["audit", "--region", "12"], "The region code “12” is wrong; it has six digits"),
        (["audit", "--region", "1234567"], "The region code “1234567” is wrong"),
        (["audit", "--region", "999999"], "999999"),
        (["audit", "--region", "Nanchang"], "Input should be a valid integer"),
        (["audit", "--year", "2025"], "No such option"),
        (["bench", "nonsense"], "There is no benchmark nonsense"),
        (["bench", "settle_orders", "--size", "0"], "Input should be greater than or equal to 1"),
        (["serve", "--port", "http"], "Input should be a valid integer"),
        (["assess", "--region", "12", "--year", "2025"], "The region code “12” is wrong"),
        (["register", "import", "nowhere.csv", "--region", "12"], "The region code “12” is wrong"),
        (["register", "import", "nowhere.csv", "--region", "360100"], "nowhere.csv"),
        (["policy", "publish", "nowhere.yaml"], "nowhere.yaml"),
        (["nonsense"], "No such command"),
    ],
)
def test_command_used_wrongly_says_so_and_ends_with_two(ready: None, words: list[str], sentence: str) -> None:
    status, out, error = canbao(*words)
    assert status == 2
    assert sentence in out + error
    assert "Traceback" not in out + error


def test_audit_of_every_region_and_of_one_is_silent_when_all_is_well(ready: None) -> None:
    status, out, _ = canbao("audit")
    assert (status, out.endswith("6 regions: no findings.\n")) == (0, True)
    assert canbao("audit", "--region", "360100", "--json")[:2] == (0, "[]\n")
    assert canbao("audit", "--region", "100000")[0] == 0


@pytest.mark.parametrize("setting", ["tomorrow", "2024-13-01", "shift:now"])
@pytest.mark.parametrize("command", [["demo", "--json"], ["work"]])
def test_clock_that_cannot_be_read_stops_a_command_before_it_begins(
    ready: None, monkeypatch: pytest.MonkeyPatch, command: list[str], setting: str
) -> None:
    monkeypatch.setenv("CANBAO_CLOCK", setting)
    process_clock.cache_clear()
    try:
        status, out, error = canbao(*command)
    finally:
        monkeypatch.undo()
        process_clock.cache_clear()
    assert (status, out) == (2, "")
    assert f"CANBAO_CLOCK is “{setting}”; write a date such as 2024-11-15" in error


def test_keys_from_the_environment_are_not_added_to_by_a_command(ready: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANBAO_SEAL_KEYS", f"1:{secrets.token_hex(16)}")
    monkeypatch.setenv("CANBAO_DIGEST_KEY", secrets.token_hex(32))
    status, _, error = canbao("keys", "rotate", "--add")
    assert status == 2
    assert "[kernel.keys_missing]" in error


def test_what_is_logged_after_a_command_goes_to_standard_error_as_it_is_then(
    ready: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert canbao("audit")[0] == 0
    structlog.get_logger("canbao.test").error("told", count=1)
    assert '"event": "told"' in capsys.readouterr().err
