"""Locks anew what Canbao is made of: Python packages with hashes, npm packages with integrity, no address of any index.

The Python lock is universal: one file for every Python from 3.11 on and every platform, each line with its condition.
Where the packages come from is the business of the machine that installs them. `make lock` runs it; a test reads the
results and refuses an address.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tools.assets import AssetsUnavailable, npm_command

CHECKOUT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Write `requirements/*.txt` and `package-lock.json`; pass `--upgrade` for the newest that the rules allow."""
    newest = ["--upgrade"] if "--upgrade" in sys.argv[1:] else []
    # uv does not read pip's configuration; it is told pip's index, and writes it nowhere.
    index = _pip_setting("global.index-url")
    environment = {**os.environ, **({"UV_DEFAULT_INDEX": index} if index else {})}
    try:
        for level in ("runtime", "development"):
            subprocess.run([*_compile(level), *newest], cwd=CHECKOUT, env=environment, check=True)
        npm = [*npm_command(), "install", "--package-lock-only", "--ignore-scripts"]
        subprocess.run(npm, cwd=CHECKOUT, check=True)
    except (OSError, subprocess.CalledProcessError, AssetsUnavailable) as problem:
        print(f"The lock files were not all written: {problem}", file=sys.stderr)
        return 1
    return 0


def _compile(level: str) -> list[str]:
    return [
        str(Path(sys.executable).parent / "uv"),
        "pip",
        "compile",
        f"requirements/{level}.in",
        f"--output-file=requirements/{level}.txt",
        "--universal",
        "--python-version=3.11",
        "--generate-hashes",
        "--no-emit-index-url",
        "--no-header",
        "--annotation-style=line",
        "--quiet",
    ]


def _pip_setting(name: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", name], capture_output=True, text=True, check=False
    )
    return done.stdout.strip().strip("'\"")


if __name__ == "__main__":
    sys.exit(main())
