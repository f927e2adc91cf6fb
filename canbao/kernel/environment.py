"""What the environment says: development or production, where local state lives, which clock runs.

Configuration is environment variables only. Development has safe defaults; production is checked at start and told
everything that is missing at once (`canbao.site.settings`).
"""

from __future__ import annotations

import contextlib
import os
import secrets
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


ENVIRONMENT_UNKNOWN = declare(
    "kernel.environment_unknown",
    Retry.NEVER,
    "CANBAO_ENVIRONMENT 只能是 production 或 development，请改正",
    "CANBAO_ENVIRONMENT is production or development and nothing else; correct it",
)
STATE_DIR_OPEN = declare(
    "kernel.state_dir_open",
    Retry.NEVER,
    "状态目录 {path} 不属于当前用户，或者别人也能写，里面有密钥。请用 chmod 700 收紧，或换一个目录",
    "The state directory {path} holds keys, but is not ours or others may write in it; chmod 700 it or name another",
)
STATE_DIR_UNUSABLE = declare(
    "kernel.state_dir_unusable",
    Retry.NEVER,
    "状态目录里的 {path} 不能用（{reason}），请改正，或用 CANBAO_STATE_DIR 换一个目录",
    "{path} in the state directory cannot be used ({reason}); mend that, or name another directory by CANBAO_STATE_DIR",
)
STATE_FILE_EMPTY = declare(
    "kernel.state_file_empty",
    Retry.NEVER,
    "文件 {path} 是空的，请从备份恢复；没有备份就删掉它，会重新生成",
    "The file {path} is empty; restore it from a copy, or remove it, and it is made anew",
)


def is_production() -> bool:
    """Whether this is a production installation (`CANBAO_ENVIRONMENT=production`).

    Errors: `kernel.environment_unknown` for any third word: a production that is misspelt must not run with a
    demonstration's keys.
    """
    said = os.environ.get("CANBAO_ENVIRONMENT", "") or "development"
    if said not in {"development", "production"}:
        raise ENVIRONMENT_UNKNOWN()
    return said == "production"


def state_dir() -> Path:
    """Where this installation keeps what must outlive a process and is nobody else's: development keys, certificates.

    `CANBAO_STATE_DIR`, or `.local/state` in the checkout. Made with mode 0700 when it is missing.

    Errors: `kernel.state_dir_open` where it belongs to somebody else or others may write in it;
    `kernel.state_dir_unusable` where it cannot be made or looked into.
    """
    found = Path(os.environ.get("CANBAO_STATE_DIR") or Path(__file__).resolve().parents[2] / ".local" / "state")
    try:
        found.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = found.stat()
    except OSError as refused:
        raise STATE_DIR_UNUSABLE(path=str(found), reason=refused.strerror or type(refused).__name__) from refused
    if os.geteuid() not in {0, status.st_uid} or status.st_mode & 0o022:
        raise STATE_DIR_OPEN(path=str(found))
    return found


def kept_once(path: Path, content: bytes) -> bytes:
    """What a file of the state directory holds; where it is missing it is made with this content, mode 0600.

    The file appears whole and in one step, so of two first starts the second reads what the first one wrote.

    Errors: `kernel.state_dir_unusable` where it cannot be written or read; `kernel.state_file_empty`.
    """
    try:
        kept = _kept_once(path, content)
    except OSError as refused:
        raise STATE_DIR_UNUSABLE(path=str(path), reason=refused.strerror or type(refused).__name__) from refused
    if not kept:
        raise STATE_FILE_EMPTY(path=str(path))
    return kept


def _kept_once(path: Path, content: bytes) -> bytes:
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_bytes()


@cache
def process_clock() -> ShiftedClock:
    """The clock of this process, from `CANBAO_CLOCK`, the same object at every call.

    Errors: `kernel.clock_malformed`; `kernel.clock_set_in_production`.
    """
    setting = os.environ.get("CANBAO_CLOCK", "")
    if setting.strip() and is_production():
        raise CLOCK_SET_IN_PRODUCTION()
    return clock_from(setting)
