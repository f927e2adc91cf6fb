"""Commands of another terminal, beside the running stack: one file is read, and they share its day and its sandbox."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.browser.conftest import ROOT, House


def test_a_shell_that_read_the_settings_reaches_the_same_sandbox_on_the_same_day(house: House) -> None:
    """The channel built no statement yet when the stack's day is not over, and the day before it answers."""
    reconcile = [sys.executable, "-m", "canbao.site.cli.main", "reconcile", "--region", "360100", "--channel", "wechat"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CANBAO_")}

    def told(day: str) -> tuple[int, str]:
        done = subprocess.run(
            ["bash", "-c", '. "$0" && exec "$@"', str(house.addresses.settings), *reconcile, "--day", day],
            cwd=ROOT,
            env={**environment, "DATABASE_URL": house.database},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    status, said = told("2024-11-15")
    assert (status, "2024-11-15 is not over;" in said) == (2, True), said
    status, said = told("2024-11-13")
    assert status == 0, said
    assert "360100 wechat 2024-11-13" in said
