"""What the environment says: development or production, where local state lives, which clock runs.

Configuration is environment variables only. Development has safe defaults; production is checked at start and told
everything that is missing at once (`canbao.site.settings`).
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from canbao.kernel.clock import ShiftedClock, clock_from
from canbao.kernel.errors import Retry, declare

CLOCK_SET_IN_PRODUCTION = declare(
    "kernel.clock_set_in_production",
    Retry.NEVER,
    "生产环境不能设置 CANBAO_CLOCK，请去掉",
    "CANBAO_CLOCK may not be set in production; remove it",
)


def is_production() -> bool:
    """Whether this is a production installation (`CANBAO_ENVIRONMENT=production`)."""
    return os.environ.get("CANBAO_ENVIRONMENT", "development") == "production"


def state_dir() -> Path:
    """Where this installation keeps what must outlive a process and is nobody else's: development keys, certificates.

    `CANBAO_STATE_DIR`, or `.local/state` in the checkout. Made with mode 0700 when it is missing.
    """
    found = Path(os.environ.get("CANBAO_STATE_DIR") or Path(__file__).resolve().parents[2] / ".local" / "state")
    found.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found


@cache
def process_clock() -> ShiftedClock:
    """The clock of this process, from `CANBAO_CLOCK`, the same object at every call.

    Errors: `kernel.clock_malformed`; `kernel.clock_set_in_production`.
    """
    setting = os.environ.get("CANBAO_CLOCK", "")
    if setting.strip() and is_production():
        raise CLOCK_SET_IN_PRODUCTION()
    return clock_from(setting)
