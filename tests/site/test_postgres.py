"""The embedded PostgreSQL as its users meet it: private, not root's, hard to kill, and the same at every start."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from time import monotonic

import psycopg
import pytest

from canbao.site import postgres, postgres_place

CHECKOUT = Path(__file__).resolve().parents[2]
IMPORTABLE = os.pathsep.join([str(CHECKOUT), sysconfig.get_path("purelib")])
AS_ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not AS_ROOT, reason="acting as another account needs root")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The root of a cluster of its own, removed with everything in it."""
    path = tmp_path_factory.mktemp("postgres") / "a root with blanks and 参保"
    try:
        yield path
    finally:
        postgres.destroy(path)


@pytest.fixture
def address(root: Path) -> postgres.Address:
    return postgres.start(root, durable=False)


def _process_id(root: Path) -> int:
    found = postgres.status(root).process_id
    assert found is not None
    return found


def _wait_until_gone(process_id: int) -> None:
    deadline = monotonic() + 10
    while Path(f"/proc/{process_id}").exists():
        # A zombie whose new parent never collects it is as gone as it will be.
        if "\nState:\tZ" in Path(f"/proc/{process_id}/status").read_text():
            return
        assert monotonic() < deadline
        Event().wait(0.02)


def _asked(address: postgres.Address, question: str, database: str = "canbao") -> object:
    with psycopg.connect(address.url(database), autocommit=True) as connection:
        row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return row[0]


def _as_nobody(arguments: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    nobody = pwd.getpwnam("nobody")
    return subprocess.run(
        arguments,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env={"PATH": os.environ["PATH"], **environment},
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
    )


def _interpreter_for_nobody() -> str | None:
    """This test's own interpreter may lie in root's home; the machine's of the same version does as well."""
    for name in (sys.executable, f"/usr/bin/python{sys.version_info[0]}.{sys.version_info[1]}"):
        try:
            trial = _as_nobody([name, "-c", "import canbao.site.postgres"], PYTHONPATH=IMPORTABLE)
        except OSError:
            continue
        if trial.returncode == 0:
            return name
    return None


def test_a_started_server_answers_as_the_owner_of_its_database(address: postgres.Address) -> None:
    assert _asked(address, "SELECT current_user || ' in ' || current_database()") == "canbao in canbao"
    assert str(_asked(address, "SHOW server_version")).split(".")[0] == "18"
    assert _asked(address, "SELECT rolcreaterole FROM pg_roles WHERE rolname = current_user") is True
    assert _asked(address, "SELECT datcollate FROM pg_database WHERE datname = 'canbao'") == "C.UTF-8"
    assert _asked(address, "SHOW server_encoding") == "UTF8"


def test_a_second_start_returns_the_same_address_and_leaves_the_server_alone(
    root: Path, address: postgres.Address
) -> None:
    before = _process_id(root)
    assert postgres.start(root, durable=False) == address
    assert _process_id(root) == before


def test_starters_at_the_same_moment_get_one_server(tmp_path: Path) -> None:
    root = tmp_path / "root"
    try:
        with ThreadPoolExecutor(4) as pool:
            addresses = set(pool.map(lambda _: postgres.start(root, durable=False), range(4)))
        assert len(addresses) == 1
        assert _asked(addresses.pop(), "SELECT count(*) FROM pg_database WHERE datname = 'canbao'") == 1
    finally:
        postgres.destroy(root)


def test_nothing_listens_on_the_network(root: Path, address: postgres.Address) -> None:
    assert _asked(address, "SHOW listen_addresses") == ""
    held = {os.readlink(path) for path in Path(f"/proc/{_process_id(root)}/fd").iterdir()}
    for table in ("tcp", "tcp6", "udp", "udp6"):
        lines = Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        assert held.isdisjoint({f"socket:[{line.split()[9]}]" for line in lines})


def test_only_the_servers_account_can_enter_its_directories(root: Path, address: postgres.Address) -> None:
    for path in (address.socket_directory, postgres.status(root).data_directory):
        found = path.lstat()
        assert stat.S_ISDIR(found.st_mode)
        assert stat.S_IMODE(found.st_mode) == 0o700
        assert found.st_uid == (pwd.getpwnam("canbao-pg").pw_uid if AS_ROOT else os.geteuid())


def test_the_server_never_runs_as_root(root: Path, address: postgres.Address) -> None:
    lines = Path(f"/proc/{_process_id(root)}/status").read_text().splitlines()
    ids = next(line.split()[1:] for line in lines if line.startswith("Uid:"))
    groups = next(line.split()[1:] for line in lines if line.startswith("Groups:"))
    assert "0" not in ids
    assert "0" not in groups
    assert address.socket_directory.is_dir()


@needs_root
def test_another_account_is_stopped_by_the_directory(address: postgres.Address) -> None:
    target = address.socket_directory / ".s.PGSQL.5432"
    knock = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
    done = _as_nobody(["/usr/bin/env", "python3", "-c", knock, str(target)])
    assert done.returncode == 1
    assert "PermissionError" in done.stderr


@needs_root
def test_another_account_is_refused_by_the_server_even_with_every_door_open(
    root: Path, address: postgres.Address, tmp_path: Path
) -> None:
    software = postgres_place.software_of(postgres_place.place_of(root))
    opened = [address.socket_directory.parent, address.socket_directory, address.socket_directory / ".s.PGSQL.5432"]
    before = [stat.S_IMODE(path.stat().st_mode) for path in opened]
    try:
        for path in opened:
            path.chmod(0o777)
        done = _as_nobody([str(software / "bin" / "psql"), address.url(), "-c", "SELECT 1"])
    finally:
        for path, mode in zip(opened, before, strict=True):
            path.chmod(mode)
    assert done.returncode == 2
    assert 'Peer authentication failed for user "canbao"' in done.stderr


def test_the_server_outlives_a_killed_starter_and_its_process_group(tmp_path: Path) -> None:
    root = tmp_path / "root"
    program = (
        "import os, sys; from pathlib import Path; from canbao.site import postgres;"
        "print(postgres.start(Path(sys.argv[1]), durable=False).url(), flush=True); sys.stdin.read()"
    )
    try:
        with subprocess.Popen(
            [sys.executable, "-c", program, str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=CHECKOUT,
            start_new_session=True,
        ) as starter:
            assert starter.stdout is not None
            url = starter.stdout.readline().strip()
            os.killpg(starter.pid, signal.SIGKILL)
            assert starter.wait() == -signal.SIGKILL
        found = postgres.status(root)
        assert found.address is not None
        assert found.address.url() == url
        assert _asked(found.address, "SELECT 40 + 2") == 42
    finally:
        postgres.destroy(root)


def test_a_killed_server_starts_again_with_what_was_committed(root: Path, address: postgres.Address) -> None:
    with psycopg.connect(address.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (amount_fen bigint)")
        connection.execute("INSERT INTO kept VALUES (38000)")
        connection.execute("CHECKPOINT")
        killed = _process_id(root)
        os.kill(killed, signal.SIGKILL)
        _wait_until_gone(killed)
    assert postgres.status(root).running is False
    assert postgres.start(root, durable=False) == address
    assert _process_id(root) != killed
    assert _asked(address, "SELECT sum(amount_fen)::bigint FROM kept") == 38000


def test_a_stale_process_file_that_names_a_living_stranger_does_not_stop_the_start(root: Path) -> None:
    address = postgres.start(root, durable=False)
    files = postgres.status(root).data_directory
    lines = (files / "postmaster.pid").read_text().splitlines()
    assert postgres.stop(root) is True
    stranger = str(os.getpid())
    (files / "postmaster.pid").write_text("\n".join([stranger, *lines[1:]]) + "\n")
    (address.socket_directory / ".s.PGSQL.5432.lock").write_text("\n".join([stranger, *lines[1:5]]) + "\n")
    left = socket.socket(socket.AF_UNIX)
    with left:
        left.bind(str(address.socket_directory / ".s.PGSQL.5432"))
    assert postgres.status(root).running is False
    assert postgres.start(root, durable=False) == address
    assert _asked(address, "SELECT 1") == 1


def test_stop_ends_the_server_and_says_so_once(root: Path, address: postgres.Address) -> None:
    process_id = _process_id(root)
    with psycopg.connect(address.url(), autocommit=True) as connection:
        connection.execute("SELECT 1")
        assert postgres.stop(root) is True
        with pytest.raises(psycopg.errors.AdminShutdown):
            connection.execute("SELECT 1")
    _wait_until_gone(process_id)
    assert postgres.stop(root) is False
    assert postgres.status(root) == postgres.Status(
        address=None, process_id=None, data_directory=postgres.status(root).data_directory
    )


def test_the_last_caller_decides_about_durability(root: Path) -> None:
    address = postgres.start(root, durable=False)
    before = _process_id(root)
    assert _asked(address, "SHOW fsync") == "off"
    postgres.start(root)
    deadline = monotonic() + 5
    while _asked(address, "SHOW fsync") != "on":
        assert monotonic() < deadline
        Event().wait(0.02)
    assert _asked(address, "SHOW full_page_writes") == "on"
    assert _asked(address, "SHOW synchronous_commit") == "on"
    assert _process_id(root) == before
    postgres.start(root, durable=False)


def test_a_copy_of_a_database_has_its_rows_and_is_dropped_under_its_users(address: postgres.Address) -> None:
    postgres.create_database(address, "pattern")
    with psycopg.connect(address.url("pattern"), autocommit=True) as connection:
        connection.execute("CREATE TABLE t AS SELECT 7 AS n")
    postgres.create_database(address, "a copy", template="pattern")
    with psycopg.connect(address.url("a copy"), autocommit=True) as connection:
        assert connection.execute("SELECT n FROM t").fetchone() == (7,)
        postgres.drop_database(address, "a copy")
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT n FROM t")
    postgres.drop_database(address, "pattern")
    postgres.drop_database(address, "pattern")
    assert _asked(address, "SELECT count(*) FROM pg_database WHERE datname IN ('pattern', 'a copy')") == 0


def test_a_refused_value_reaches_the_caller_but_never_the_log(root: Path, address: postgres.Address) -> None:
    with psycopg.connect(address.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS once (word text UNIQUE)")
        connection.execute("INSERT INTO once VALUES ('secret-word') ON CONFLICT DO NOTHING")
        with pytest.raises(psycopg.errors.UniqueViolation, match="secret-word"):
            connection.execute("INSERT INTO once VALUES ('secret-word')")
    log = (postgres.status(root).data_directory / "server.log").read_text()
    assert "duplicate key value" in log
    assert "secret-word" not in log


def test_settings_of_the_callers_environment_do_not_reach_the_server(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.stop(root)
    monkeypatch.setenv("PGPORT", "6000")
    monkeypatch.setenv("PGDATA", "/nowhere")
    address = postgres.start(root, durable=False)
    assert address.port == 5432
    assert _asked(address, "SELECT 1") == 1


def test_a_link_where_the_sockets_belong_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    root = tmp_path / "root"
    place = postgres_place.place_of(root)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    try:
        with postgres_place.locked(place):
            postgres_place.make_private_directories(place)
        place.sockets.rmdir()
        place.sockets.symlink_to(elsewhere)
        with pytest.raises(postgres.PostgresUnavailable, match=r"must be a directory of .* that nobody else can enter"):
            postgres.start(root, durable=False)
        assert place.sockets.is_symlink()
        assert list(elsewhere.iterdir()) == []
        assert not place.files.exists()
    finally:
        place.sockets.unlink(missing_ok=True)
        postgres.destroy(root)


def test_a_socket_directory_open_to_others_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "root"
    place = postgres_place.place_of(root)
    try:
        with postgres_place.locked(place):
            postgres_place.make_private_directories(place)
        place.sockets.chmod(0o755)
        with pytest.raises(postgres.PostgresUnavailable, match="remove it and start again"):
            postgres.start(root, durable=False)
        assert stat.S_IMODE(place.sockets.stat().st_mode) == 0o755
        assert not place.files.exists()
    finally:
        postgres.destroy(root)


def test_a_cluster_of_another_version_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    root = tmp_path / "root"
    place = postgres_place.place_of(root)
    try:
        with postgres_place.locked(place):
            postgres_place.make_private_directories(place)
        place.files.mkdir(mode=0o700)
        (place.files / "PG_VERSION").write_text("15\n")
        with pytest.raises(postgres.PostgresUnavailable, match="was made by version 15, and version 18 is installed"):
            postgres.start(root, durable=False)
        assert [path.name for path in place.files.iterdir()] == ["PG_VERSION"]
    finally:
        postgres.destroy(root)


def test_starting_and_removing_at_the_same_moment_leave_one_sound_server_or_none(tmp_path: Path) -> None:
    root = tmp_path / "root"
    try:
        with ThreadPoolExecutor(4) as pool:
            starts = [pool.submit(postgres.start, root, durable=False) for _ in range(2)]
            removal = pool.submit(postgres.destroy, root)
            addresses = [start.result().url() for start in starts]
            removal.result()
        assert len(set(addresses)) == 1
        found = postgres.status(root)
        assert found.running is found.data_directory.is_dir()
    finally:
        postgres.destroy(root)
    assert postgres.status(root).running is False


def test_looking_makes_nothing(tmp_path: Path) -> None:
    root = tmp_path / "root"
    found = postgres.status(root)
    assert (found.running, found.address, found.process_id) == (False, None, None)
    assert postgres.stop(root) is False
    assert not root.exists()
    assert not found.data_directory.parent.exists()


@needs_root
@pytest.mark.parametrize("durable", [False, True])
def test_a_test_cluster_goes_with_its_checkout_and_a_durable_one_stays(
    root: Path, tmp_path: Path, *, durable: bool
) -> None:
    removed = tmp_path / "checkout" / "root"
    postgres.start(removed, durable=durable)
    area = postgres_place.place_of(removed).area
    assert (removed / "lies-in").read_text() == f"{area}\n"
    try:
        shutil.rmtree(tmp_path / "checkout")
        postgres.start(root, durable=False)
        assert area.exists() is durable
        assert postgres.status(removed).running is durable
    finally:
        postgres.destroy(removed)
    assert not area.exists()


@needs_root
@pytest.mark.parametrize("length", [20, 200], ids=["short path", "path longer than a socket's may be"])
def test_an_ordinary_account_gets_a_server_of_its_own(length: int) -> None:
    nobody = pwd.getpwnam("nobody")
    with tempfile.TemporaryDirectory(prefix="canbao-test-", dir="/tmp") as folder:
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        root = Path(folder) / ("r" * length)
        interpreter = _interpreter_for_nobody()
        if interpreter is None:
            pytest.skip("another account cannot read this checkout, or has no Python of this version")
        module = [interpreter, "-m", "canbao.site.postgres"]
        try:
            started = _as_nobody([*module, "start", "--not-durable", "--root", str(root)], PYTHONPATH=IMPORTABLE)
            assert (started.returncode, started.stderr) == (0, "")
            assert f"host=/tmp/canbao-{nobody.pw_uid}-" in started.stdout
            assert (root / "data" / "PG_VERSION").read_text() == "18\n"
            assert (root / "data" / "postmaster.pid").stat().st_uid == nobody.pw_uid
        finally:
            removed = _as_nobody([*module, "destroy", "--root", str(root)], PYTHONPATH=IMPORTABLE)
        assert (removed.returncode, removed.stdout) == (0, "removed\n")
        assert not root.exists()


def test_the_command_says_what_is_wrong_and_ends_with_one(tmp_path: Path) -> None:
    root = tmp_path / "root"
    place = postgres_place.place_of(root)
    try:
        with postgres_place.locked(place):
            postgres_place.make_private_directories(place)
        place.sockets.chmod(0o777)
        done = subprocess.run(
            [sys.executable, "-m", "canbao.site.postgres", "start", "--root", str(root)],
            capture_output=True,
            text=True,
            check=False,
            cwd=CHECKOUT,
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("The embedded PostgreSQL was not started: ")
        assert "Traceback" not in done.stderr
    finally:
        postgres.destroy(root)
