"""Logs hold no personal data: also where a library logs, where a failure quotes a row, and where nobody catches."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import structlog
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import include, path

from canbao.kernel.connections import connection
from canbao.site.logs import PlainFormatter, configure

ROOT = Path(__file__).resolve().parents[2]
NAME = "林小丽"
NUMBER = "360102198603120026"
SECRET = "360100-abcdefghijklmnopqrstuvwxyz"


def broken(request: HttpRequest, token: str) -> HttpResponse:
    """A view whose failure quotes what it failed on."""
    raise ValueError(f"cannot read {NAME}")


urlpatterns = [path("", include("canbao.site.urls")), path("broken/<slug:token>", broken)]
handler404 = "canbao.doors.frame.refusals.not_found"
handler500 = "canbao.doors.frame.refusals.broken"


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What the root logger would write, line by line, were nothing held back."""
    written: list[str] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(self.format(record))

    handler = Keeping()
    handler.setFormatter(PlainFormatter())
    chatty = [logging.getLogger(name) for name in ("django.request", "django.security")]
    levels = [logger.level for logger in chatty]
    for logger in chatty:
        logger.setLevel(logging.NOTSET)
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)
    for logger, level in zip(chatty, levels, strict=True):
        logger.setLevel(level)


@override_settings(ROOT_URLCONF=__name__)
def test_a_failure_of_ours_is_logged_by_kind_and_place_without_words_and_address(lines: list[str]) -> None:
    answer = Client(raise_request_exception=False).get(f"/broken/{SECRET}?x={NAME}")

    assert answer.status_code == 500
    (told,) = [json.loads(line) for line in lines if json.loads(line)["level"] == "error"]
    assert (told["error"], told["route"], told["status_code"]) == ("ValueError", "broken/<slug:token>", 500)
    assert told["at"][-1].endswith(" broken")
    assert NAME not in "".join(lines)
    assert SECRET not in "".join(lines)


def test_nothing_that_a_stranger_asks_for_in_vain_makes_a_line(tmp_path: Path) -> None:
    script = tmp_path / "vain.py"
    script.write_text(
        "import django\n"
        "from canbao.site.logs import configure\n"
        "configure()\n"
        "django.setup()\n"
        "from django.test import Client\n"
        "browser = Client(enforce_csrf_checks=True)\n"
        "print(browser.get('/nowhere').status_code, browser.post('/', {}).status_code,\n"
        "      browser.get('/help', HTTP_HOST='evil.example.org').status_code, browser.put('/help').status_code)\n"
    )

    ran = subprocess.run(
        [sys.executable, script],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.stdout, ran.stderr) == ("404 403 400 403\n", "")


def test_an_address_that_leads_nowhere_is_not_written_down(lines: list[str], db: None) -> None:
    answer = Client().get(f"/verify/{NAME}-{SECRET}")

    assert answer.status_code == 404
    assert lines
    assert NAME not in "".join(lines)
    assert SECRET not in "".join(lines)


def test_a_row_that_the_database_quotes_is_not_written_down(lines: list[str], db: None) -> None:
    with connection() as session, session.transaction(force_rollback=True):
        session.execute("CREATE TEMPORARY TABLE quoted (name text CHECK (name = ''))")
        with pytest.raises(psycopg.errors.CheckViolation, match=NAME) as refused:
            session.execute("INSERT INTO quoted VALUES (%s)", [NAME])
    try:
        raise refused.value
    except psycopg.errors.CheckViolation:
        logging.getLogger("elsewhere").exception("it failed: %s", refused.value)
    logging.getLogger("elsewhere").warning("it failed: %s", refused.value)

    assert [json.loads(line)["error"] for line in lines] == ["CheckViolation", "CheckViolation"]
    assert NAME not in "".join(lines)


def test_what_a_server_adds_below_its_first_line_is_left_out(lines: list[str]) -> None:
    logging.getLogger("_granian").error(f"Application callable raised an exception\nValueError: {NAME}")  # noqa: G004 - as the server does

    assert [json.loads(line)["event"] for line in lines] == ["Application callable raised an exception"]


def test_numbers_are_masked_wherever_they_stand(lines: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("elsewhere").warning("seen " + NUMBER)  # noqa: G003 - as a careless library does

    assert [json.loads(line)["event"] for line in lines] == ["seen [id number]"]


@pytest.mark.parametrize("how", ["raise failure", "threading.Thread(target=fail).start()"])
def test_what_nobody_catches_is_told_by_kind_and_place(how: str, tmp_path: Path) -> None:
    script = tmp_path / "uncaught.py"
    script.write_text(
        "import threading\n"
        "from canbao.site.logs import configure\n"
        "configure()\n"
        f"failure = ValueError('{NAME}')\n"
        "def fail():\n    raise failure\n"
        f"{how}\n"
    )

    ran = subprocess.run(
        [sys.executable, script],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    told = json.loads(ran.stderr)
    assert (told["event"], told["level"], told["error"]) == ("uncaught", "critical", "ValueError")
    assert NAME not in ran.stdout + ran.stderr


def test_a_command_that_breaks_shows_no_value_either(tmp_path: Path) -> None:
    script = tmp_path / "command.py"
    script.write_text(
        "from canbao.site.cli import main, system\n"
        "from canbao.site.logs import configure\n"
        "def breaks():\n"
        "    configure()\n"
        f"    raise ValueError('{NAME}')\n"
        "main.app.command('breaks')(breaks)\n"
        "main.app()\n"
    )

    ran = subprocess.run(
        [sys.executable, script, "breaks"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 1
    assert json.loads(ran.stderr)["error"] == "ValueError"
    assert NAME not in ran.stdout + ran.stderr


def test_our_own_records_are_one_json_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    kept = logging.getLogger().handlers[:], logging.getLogger().level, logging.raiseExceptions
    hooks = sys.excepthook, threading.excepthook
    try:
        configure()
        structlog.get_logger("canbao").info("worker_started", seen=NUMBER)
    finally:
        logging.getLogger().handlers[:], level, logging.raiseExceptions = kept
        sys.excepthook, threading.excepthook = hooks
        logging.getLogger().setLevel(level)
        structlog.reset_defaults()

    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["event"] == "worker_started"
    assert json.loads(line)["seen"] == "[id number]"
