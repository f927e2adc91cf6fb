"""Sets a checkout up from nothing: virtual environment, locked packages, the `canbao` command, browser assets.

Every `make` target runs it first. It needs Python 3.11 with its standard library and a package index, works as root and
as an ordinary user, and is over in a moment when nothing has changed: a stamp in `.venv` remembers which interpreter,
which checkout path and which lock files it was made from. Run twice at once, the second waits for the first.

    python3 tools/bootstrap.py runtime|development
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).resolve().parents[1]
ENVIRONMENT = CHECKOUT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
STAMP = ENVIRONMENT / "canbao-stamp.json"
LEVELS = ("runtime", "development")
OLDEST_PYTHON = (3, 11)


class SetUpFailed(Exception):
    """A step could not be done; the sentence says which and what to do."""


def set_up(level: str) -> bool:
    """Bring the checkout to `level` (development includes runtime); False when it was there. Raises `SetUpFailed`."""
    if _is_current(level):
        return _fetch_assets()
    with _alone():
        if _is_current(level):
            return _fetch_assets()
        made_for = _stamp().get("made_for")
        if made_for != _made_for() or not _answers():
            _make_environment()
            STAMP.write_text(json.dumps({"made_for": _made_for()}))
        _say(f"installing the locked {level} packages, about a minute the first time")
        _install(level)
        _add_canbao()
        # Development contains runtime, so a later wish for runtime finds itself fulfilled.
        done = LEVELS[: LEVELS.index(level) + 1]
        STAMP.write_text(json.dumps({"made_for": _made_for(), **{name: _lock_mark(name) for name in done}}))
        _fetch_assets()
    return True


def _is_current(level: str) -> bool:
    found = _stamp()
    return PYTHON.exists() and found.get("made_for") == _made_for() and found.get(level) == _lock_mark(level)


def _stamp() -> dict[str, str]:
    try:
        found = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _made_for() -> str:
    """Scripts in the environment carry both paths, so either one's change calls for a new environment."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    return f"Python {version} at {os.path.realpath(_interpreter())} for {CHECKOUT}"


def _interpreter() -> str:
    """The machine's Python, also when make runs inside an activated environment: that one may be about to be remade."""
    return str(getattr(sys, "_base_executable", sys.executable))


def _lock_mark(level: str) -> str:
    return hashlib.sha256((CHECKOUT / "requirements" / f"{level}.txt").read_bytes()).hexdigest()


@contextmanager
def _alone() -> Iterator[None]:
    local = CHECKOUT / ".local"
    try:
        local.mkdir(exist_ok=True)
        handle = os.open(local / "bootstrap.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as problem:
        raise SetUpFailed(
            f"The checkout cannot be written to: {problem}. Give {CHECKOUT} to the user who runs make, or clone it"
            " again as that user."
        ) from problem
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _answers() -> bool:
    """Whether the environment's interpreter starts; it does not after the machine's Python was removed."""
    try:
        return subprocess.run([str(PYTHON), "-c", "import pip"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _make_environment() -> None:
    _say(f"making the virtual environment {ENVIRONMENT.name} with Python {sys.version.split()[0]}")
    whole = _run([_interpreter(), "-m", "venv", "--clear", str(ENVIRONMENT)])
    if whole.returncode == 0:
        return
    # Debian splits ensurepip off. Where the machine's own pip is there, it can install another into the environment.
    bare = _run([_interpreter(), "-m", "venv", "--clear", "--without-pip", str(ENVIRONMENT)])
    if bare.returncode == 0:
        given = _run([_interpreter(), "-m", "pip", "--python", str(PYTHON), "install", "--quiet", "pip"])
        if given.returncode == 0:
            return
    wanted = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    if os.geteuid() == 0 and shutil.which("apt-get") is not None:
        _run(["apt-get", "update", "-q"])
        _run(["apt-get", "install", "-y", "-q", "--no-install-recommends", wanted])
        if _run([_interpreter(), "-m", "venv", "--clear", str(ENVIRONMENT)]).returncode == 0:
            return
    raise SetUpFailed(
        f"No virtual environment could be made: {(whole.stdout + whole.stderr).strip()}\n"
        f"Install Python's venv module (on Debian and Ubuntu: apt-get install {wanted}) and run make again."
    )


def _install(level: str) -> None:
    """Exactly what the lock names, every file checked against its hash, nothing compiled on this machine."""
    done = _run(
        [
            str(PYTHON),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-input",
            "--disable-pip-version-check",
            "--require-hashes",
            "--no-deps",
            "--only-binary=:all:",
            "--requirement",
            str(CHECKOUT / "requirements" / f"{level}.txt"),
        ]
    )
    if done.returncode != 0:
        raise SetUpFailed(
            f"The locked {level} packages could not be installed: {done.stderr.strip()}\n"
            "Check that a package index is reachable (pip's own configuration says which) and run make again."
        )


def _add_canbao() -> None:
    """Make the checkout importable and the command `canbao` callable, also from a path with blanks in it."""
    answer = _run([str(PYTHON), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"])
    (Path(answer.stdout.strip()) / "canbao.pth").write_text(f"{CHECKOUT}\n")
    command = ENVIRONMENT / "bin" / "canbao"
    start = "import sys; sys.argv[0] = 'canbao'; from canbao.site.cli.main import app; sys.exit(app())"
    # `-P`: a folder called canbao where the caller happens to stand is not taken for this one.
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(str(PYTHON))} -P -c "{start}" "$@"\n')
    command.chmod(0o755)


def _fetch_assets() -> bool:
    done = _run([str(PYTHON), str(CHECKOUT / "tools" / "assets.py")])
    if done.returncode != 0:
        raise SetUpFailed(done.stderr.strip())
    return "fetched" in done.stdout


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def _say(text: str) -> None:
    print(f"set-up: {text}", file=sys.stderr, flush=True)


def main(arguments: list[str]) -> int:
    """Set the checkout up to the named level and say, in one line, only what was done."""
    if sys.version_info[:2] < OLDEST_PYTHON:
        _say(f"Canbao needs Python 3.11 or newer, and this is {sys.version.split()[0]}. Say `make PYTHON=python3.12`.")
        return 1
    if len(arguments) != 1 or arguments[0] not in LEVELS:
        _say(f"usage: python3 tools/bootstrap.py {'|'.join(LEVELS)}")
        return 2
    try:
        if set_up(arguments[0]):
            _say("ready")
    except SetUpFailed as problem:
        _say(str(problem))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
