"""The embedded PostgreSQL: started and stopped from a wheel's binaries, for development, demo and tests.

Nothing outside this file and `postgres_place` knows where the binaries lie or how the server is run. It listens on a
Unix socket in a directory that only its own account can enter, never on TCP, and knows people by their operating-system
account (peer authentication). It never runs as root: root hands it to the account `canbao-pg`. It outlives whoever
started it, and starting it again only returns its address. A cluster is named by a path, its root (by default
`.local/postgres` in the checkout), so that two checkouts never meet. In production `DATABASE_URL` names a real server
and this file is not used.

    python -m canbao.site.postgres start|stop|status|destroy
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql

from canbao.site.postgres_place import (
    PORT,
    Place,
    PostgresUnavailable,
    leave_marker,
    locked,
    make_private_directories,
    place_of,
    roots_removed,
    run,
    software_of,
)

__all__ = [
    "Address",
    "PostgresUnavailable",
    "Status",
    "create_database",
    "destroy",
    "drop_database",
    "start",
    "status",
    "stop",
]

MAJOR_VERSION = "18"
ROLE = "canbao"
DATABASE = "canbao"
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 60

SETTINGS = """\
# Written by canbao.site.postgres at every start; changes made here are lost.
listen_addresses = ''
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
port = {port}
max_connections = 100
shared_buffers = 256MB
effective_cache_size = 2GB
work_mem = 16MB
maintenance_work_mem = 256MB
max_wal_size = 2GB
checkpoint_timeout = 15min
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
# Neither a statement's text nor the values of a violated key belong in a log: they can be somebody's name or number.
log_error_verbosity = terse
log_min_error_statement = panic
fsync = {durable}
synchronous_commit = {durable}
full_page_writes = {durable}
# What may be lost is emptied and thrown away, not vacuumed: and rows keep the order in which they came.
autovacuum = {durable}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a running server listens, and as whom one enters."""

    socket_directory: Path
    role: str = ROLE
    port: int = PORT

    def url(self, database: str = DATABASE) -> str:
        """The address as a connection URL of libpq, for `DATABASE_URL` and psycopg."""
        asked = {"host": str(self.socket_directory), "port": str(self.port), "user": self.role}
        return f"postgresql:///{quote(database, safe='')}?{urlencode(asked, safe='/')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What `status` found: a running server has an address and a process; a stopped one has neither."""

    address: Address | None
    process_id: int | None
    data_directory: Path

    @property
    def running(self) -> bool:
        """Whether a server of this cluster is alive now."""
        return self.address is not None


def start(root: Path | None = None, *, durable: bool = True) -> Address:
    """Start the cluster named by `root`, or find it running, and return its address.

    Makes the cluster and its database `canbao` where they are missing. Several callers at once are served one after the
    other and get the same address. `durable=False` gives up crash safety of the disk for speed and is for tests only;
    the last call decides, also for a server that runs already. Raises `PostgresUnavailable` with what to do about it.
    """
    _remove_orphans()
    place = place_of(_root(root))
    with locked(place):
        leave_marker(place, _root(root))
        make_private_directories(place)
        software = software_of(place)
        if not (place.files / "PG_VERSION").exists():
            _initialise(place, software, durable=durable)
        _refuse_other_major_version(place)
        wanted = SETTINGS.format(sockets=place.sockets, port=PORT, durable="on" if durable else "off")
        changed = _configure(place, wanted)
        if _process_id(place) is None:
            _clear_leftovers(place)
            _launch(place, software)
        elif changed:
            _control(place, software, "reload")
        address = _address(place)
        if not _exists(address, DATABASE):
            create_database(address, DATABASE)
        return address


def stop(root: Path | None = None) -> bool:
    """Stop the cluster named by `root` at once, rolling back what is open; False when it was not running."""
    place = place_of(_root(root), looking=True)
    if not place.files.is_dir():
        return False
    with locked(place):
        return _stop(place)


def status(root: Path | None = None) -> Status:
    """Say whether the cluster named by `root` runs, without changing anything."""
    place = place_of(_root(root), looking=True)
    process_id = _process_id(place)
    return Status(
        address=_address(place) if process_id is not None else None,
        process_id=process_id,
        data_directory=place.files,
    )


def destroy(root: Path | None = None) -> None:
    """Stop the cluster named by `root` and remove all it kept. Nothing is left to restore it from."""
    place = place_of(_root(root), looking=True)
    marker = _root(root) if place.drops_privileges else None
    if place.area.is_dir():
        with locked(place):
            _stop(place)
            for path in (place.sockets, place.area):
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
    if marker is not None and (marker / "lies-in").is_file():
        (marker / "lies-in").unlink()
        if not any(marker.iterdir()):
            marker.rmdir()


def _stop(place: Place) -> bool:
    if _process_id(place) is None:
        return False
    _control(place, software_of(place), "stop", "-w", "-m", "fast", "-t", str(STOP_TIMEOUT_S))
    return True


def _remove_orphans() -> None:
    """Remove test clusters whose checkout is gone. A durable one is somebody's work and stays until it is destroyed."""
    for root in roots_removed():
        place = place_of(root, looking=True)
        try:
            durable = "fsync = on" in (place.files / "canbao.conf").read_text()
        except OSError:
            continue
        if not durable:
            destroy(root)


def create_database(address: Address, name: str, *, template: str | None = None) -> None:
    """Create the database `name`, as a copy of `template` where one is given (nobody may be connected to it)."""
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
        sql.Identifier(name), sql.Identifier(template if template is not None else "template1")
    )
    _maintain(address, statement)


def drop_database(address: Address, name: str) -> None:
    """Drop the database `name` if it is there, ending the connections to it."""
    _maintain(address, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _maintain(address: Address, statement: sql.Composed) -> None:
    with psycopg.connect(address.url("postgres"), autocommit=True) as connection:
        connection.execute(statement)


def _exists(address: Address, name: str) -> bool:
    with psycopg.connect(address.url("postgres"), autocommit=True) as connection:
        return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def _root(root: Path | None) -> Path:
    chosen = root if root is not None else Path(__file__).resolve().parents[2] / ".local" / "postgres"
    return chosen.resolve()


def _initialise(place: Place, software: Path, *, durable: bool) -> None:
    """Make the cluster beside its final name, so that an interrupted attempt never looks like a finished one."""
    fresh = place.cluster / "data.new"
    if fresh.exists():
        shutil.rmtree(fresh)
    made = run(
        place,
        [
            software / "bin" / "initdb",
            f"--pgdata={fresh}",
            f"--username={ROLE}",
            "--auth-local=peer",
            "--auth-host=reject",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--locale=C.UTF-8",
            *([] if durable else ["--no-sync"]),
        ],
    )
    if made.returncode != 0:
        raise PostgresUnavailable(
            f"The embedded PostgreSQL was not started: its cluster could not be made in {fresh}: {made.stderr.strip()}"
        )
    fresh.rename(place.files)


def _refuse_other_major_version(place: Place) -> None:
    found = (place.files / "PG_VERSION").read_text().strip()
    if found != MAJOR_VERSION:
        raise PostgresUnavailable(
            f"The embedded PostgreSQL was not started: {place.files} was made by version {found}, and version"
            f" {MAJOR_VERSION} is installed. Export it with version {found}, or remove the folder to start anew."
        )


def _configure(place: Place, settings: str) -> bool:
    """Write settings and access rules where they differ; true when something was changed."""
    accounts = [place.account.name, *(["root"] if place.drops_privileges else [])]
    files = {
        "canbao.conf": settings,
        "postgresql.conf": "include 'canbao.conf'\n",
        "pg_hba.conf": "local all all peer map=canbao\n",
        # An account enters as the owner, or as one of the lesser roles that the migrations make.
        "pg_ident.conf": "".join(f'canbao "{account}" "/^{ROLE}(_[a-z]+)?$"\n' for account in accounts),
    }
    changed = False
    for name, text in files.items():
        path = place.files / name
        if path.is_file() and not path.is_symlink() and path.read_text() == text:
            continue
        # Written as the server's account: root never writes through a name that another account controls.
        run(place, ["/bin/sh", "-c", 'cat > "$1"', "sh", path], text=text)
        changed = True
    return changed


def _process_id(place: Place) -> int | None:
    """The server's process, or None. A process id that another program has taken over since does not count."""
    try:
        process_id = int((place.files / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(process_id, 0)
    except (FileNotFoundError, NotADirectoryError, PermissionError, ProcessLookupError, ValueError):
        return None
    return process_id if _is_server(process_id, place) else None


def _is_server(process_id: int, place: Place) -> bool:
    """Whether that living process is this cluster's server; where the machine does not tell, it is taken for it."""
    process = Path("/proc") / str(process_id)
    try:
        return (process / "cwd").resolve(strict=True) == place.files.resolve()
    except FileNotFoundError:
        return not Path("/proc/self").exists()
    except PermissionError:
        # Root in a container may not look into another account's process, but everybody may read its command line.
        return b"postgres" in (process / "cmdline").read_bytes().split(b"\0", 1)[0]


def _clear_leftovers(place: Place) -> None:
    """Remove what a killed server left. The caller holds the lock and has seen that no server of this cluster lives."""
    leftovers = [place.files / "postmaster.pid", *place.sockets.glob(f".s.PGSQL.{PORT}*")]
    for path in leftovers:
        path.unlink(missing_ok=True)


def _launch(place: Place, software: Path) -> None:
    """Start the server in a session of its own; it belongs to nobody's process group."""
    arguments = ["-w", "-l", str(place.log), "-t", str(START_TIMEOUT_S)]
    for remaining in reversed(range(20)):
        try:
            _control(place, software, "start", *arguments)
        except PostgresUnavailable:
            # After `kill -9` of the server its children need a moment to notice; until then it refuses to start.
            if remaining == 0 or "shared memory block" not in _log_end(place):
                raise
            Event().wait(0.25)
        else:
            return


def _control(place: Place, software: Path, verb: str, *arguments: str) -> None:
    command: list[str | Path] = [software / "bin" / "pg_ctl", verb, "-s", "-D", place.files, *arguments]
    done = run(place, command, timeout_s=START_TIMEOUT_S + 30)
    if done.returncode != 0:
        raise PostgresUnavailable(
            f"The embedded PostgreSQL did not {verb}: {done.stderr.strip()} The end of {place.log}:\n{_log_end(place)}"
        )


def _log_end(place: Place) -> str:
    try:
        return "\n".join(place.log.read_text(errors="replace").splitlines()[-8:])
    except OSError:
        return "(no log)"


def _address(place: Place) -> Address:
    """Where the running server listens: as it wrote it down itself, since its checkout may have moved."""
    lines = (place.files / "postmaster.pid").read_text().splitlines()
    return Address(socket_directory=Path(lines[4]), port=int(lines[3]))


def _main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m canbao.site.postgres", description="The embedded PostgreSQL.")
    parser.add_argument("verb", choices=["start", "stop", "status", "destroy"])
    parser.add_argument("--root", type=Path, help="the cluster's name (default: .local/postgres in the checkout)")
    parser.add_argument("--not-durable", action="store_true", help="give up crash safety for speed: tests only")
    asked = parser.parse_args(arguments)
    try:
        if asked.verb == "start":
            print(start(asked.root, durable=not asked.not_durable).url())
        elif asked.verb == "stop":
            print("stopped" if stop(asked.root) else "was not running")
        elif asked.verb == "destroy":
            destroy(asked.root)
            print("removed")
        else:
            found = status(asked.root)
            url = found.address.url() if found.address is not None else None
            print(json.dumps({"running": found.running, "url": url, "data_directory": str(found.data_directory)}))
    except PostgresUnavailable as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main())
