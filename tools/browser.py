"""Finds a Chromium for the browser tests, or gets Debian's; where neither can be had, says why.

The tests ask `find()` and skip with its reason; `make test` calls `ensure()` first. Without a browser nothing fails: a
machine that cannot have one still runs every other test.

Chromium without a screen is the first choice: a whole one draws its own windows too, for every visitor anew, and takes
two to three times the processor time for the same pages.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SCREENLESS = "chromium-headless-shell"
NAMES = (SCREENLESS, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# A page in Chinese needs glyphs to be looked at; poppler lets a test read a PDF with a second pair of eyes.
BESIDE = ("fonts-noto-cjk", "poppler-utils")
INSTALL_TIMEOUT_S = 900
NONE_HERE = "no Chromium on this machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """Either the path of a browser or the reason why there is none."""

    path: Path | None
    reason: str


def find() -> Browser:
    """The browser that is here: `CANBAO_CHROMIUM` if set, else a Chromium or Chrome on the path. Changes nothing."""
    named = os.environ.get("CANBAO_CHROMIUM")
    if named:
        if os.access(named, os.X_OK):
            return Browser(path=Path(named), reason="")
        return Browser(path=None, reason=f"CANBAO_CHROMIUM names {named}, which cannot be run")
    for name in NAMES:
        found = shutil.which(name)
        if found is not None:
            return Browser(path=Path(found), reason="")
    return Browser(path=None, reason=f"{NONE_HERE}; install one, or name one in CANBAO_CHROMIUM")


def ensure() -> Browser:
    """`find()`, after installing Debian's Chromium with its fonts where we are root and apt is there. Never raises.

    Where a whole Chromium is here already it is used, unless apt can bring the one without a screen from the lists it
    has: nothing is looked for far away for it.
    """
    here = find()
    if os.environ.get("CANBAO_CHROMIUM") or (here.path is not None and here.path.name == SCREENLESS):
        return here
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return here if here.path else Browser(path=None, reason=f"{NONE_HERE}, and installing one needs root and apt")
    if here.path is not None:
        _install(SCREENLESS, *BESIDE)
        return find()
    # Lists that cannot be fetched anew may still be good enough; the installation decides.
    _apt_get(["update"])
    problem = _install(SCREENLESS, *BESIDE) and _install("chromium", *BESIDE)
    if problem:
        return Browser(path=None, reason=f"{NONE_HERE}, and apt could not bring one: {problem}")
    return find()


def _install(*packages: str) -> str:
    return _apt_get(["install", "-y", "--no-install-recommends", *packages])


def _apt_get(arguments: list[str]) -> str:
    """Run apt-get, waiting for another that is at work; the last line of its complaint, or nothing."""
    try:
        done = subprocess.run(
            ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=600", "-o", "Acquire::http::Timeout=30", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            timeout=INSTALL_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as problem:
        return str(problem)
    complaint = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
    return complaint[-1] if done.returncode != 0 else ""


def main() -> int:
    """Say where the browser is or why there is none; the exit status is 0 either way."""
    browser = ensure()
    print(
        f"browser: {browser.path}" if browser.path is not None else f"browser tests will be skipped: {browser.reason}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
