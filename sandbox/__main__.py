"""`python -m sandbox wechat`: run a played channel on two loopback ports."""

from __future__ import annotations

import argparse
import asyncio
import os
import sqlite3
import sys
from pathlib import Path

from sandbox.wechat.limits import Limits
from sandbox.wechat.process import Settings, StartRefused, serve


def _port(text: str) -> int:
    return _number(text, 65535)


def _count(text: str) -> int:
    return _number(text, 10**9)


def _number(text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 12 and int(text) <= most):
        message = f"{text!r} is no whole number from 0 to {most}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _parser() -> argparse.ArgumentParser:
    usual = Limits()
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Payment channels played on loopback.")
    channels = parser.add_subparsers(dest="channel", required=True)
    wechat = channels.add_parser("wechat", help="WeChat Pay API v3")
    wechat.add_argument("--port", type=_port, default=0, help="port of the channel; 0 chooses a free one")
    wechat.add_argument("--control-port", type=_port, default=0, help="port of the control plane; 0 chooses a free one")
    wechat.add_argument("--state-dir", type=Path, required=True, help="where keys, book and addresses.json are kept")
    wechat.add_argument("--seed", type=int, default=None, help="decides ids and chance; 1 where none was ever given")
    wechat.add_argument("--rate", type=_count, default=usual.rate_per_s, help="requests a second; 0 is no limit")
    wechat.add_argument(
        "--requests-max", type=_count, default=usual.requests_max, help="requests in all; 0 is no limit"
    )
    wechat.add_argument("--run-seconds", type=_count, default=usual.run_s, help="seconds of run time; 0 is no limit")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run until stopped; 2 where it cannot start, with a sentence on stderr."""
    parsed = _parser().parse_args(arguments)
    settings = Settings(
        state_directory=parsed.state_dir,
        port=parsed.port,
        control_port=parsed.control_port,
        seed=parsed.seed,
        clock_setting=os.environ.get("CANBAO_CLOCK", ""),
        limits=Limits(rate_per_s=parsed.rate, requests_max=parsed.requests_max, run_s=parsed.run_seconds),
    )
    try:
        asyncio.run(serve(settings))
    except (StartRefused, ValueError) as refused:
        return _refused(str(refused))
    except OSError as refused:
        reason = refused.strerror or type(refused).__name__
        return _refused(f"{refused.filename or settings.state_directory}: {reason}. Give another --state-dir.")
    except sqlite3.DatabaseError:
        directory = settings.state_directory
        return _refused(f"the book in {directory} cannot be read or written. Remove it, or give another --state-dir.")
    return 0


def _refused(why: str) -> int:
    print(f"The sandbox did not start: {why}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
