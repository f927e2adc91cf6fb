"""Every command, given what it cannot use: a sentence, status 2, and nothing changed in database or folder.

The tables here are the list of what has been tried; `test_policy_commands`, `test_voucher_command`, `test_demo` and
`test_production` have the rest of it.
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import typer
from psycopg import errors
from typer.testing import CliRunner

from canbao.channels import catalogue
from canbao.doors.citizen.tests.test_bad_forms import contents
from canbao.journeys.publish_policy import publish_policy
from canbao.kernel.clock import FixedClock
from canbao.kernel.connections import close_pool, owner_connection
from canbao.kernel.environment import state_dir
from canbao.kernel.sealing import ring
from canbao.policy import public as policy
from canbao.site.cli.main import app
from canbao.site.cli.refusals import told_in_a_sentence
from canbao.site.postgres_place import PostgresUnavailable
from canbao.site.stack import sole_stack

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = str(policy.VALUES / "360100" / "2025.yaml")
ADULT = ["policy", "explain", "--region", "360100", "--year", "2025", "--born", "1990-01-01", "--file", SHIPPED]

FILES = {
    "zero.csv": b"",
    "noise.csv": b"\x00\xff\xfe\x80" * 700,
    "noise.xlsx": b"\x00\xff\xfe\x80" * 700,
    "columns.csv": b"a,b\n1,2\n",
    "broken.yaml": b"foo: [",
    "list.yaml": b"[]",
    "zero.yaml": b"",
    "binary.yaml": b"\xff\xfe\x00",
    "there.csv": b"somebody's work",
}


def canbao(*words: str) -> tuple[int, str, str]:
    """Run a command; status and both outputs. Nothing else than a sentence may come out of it."""
    answer = CliRunner(env={"COLUMNS": "300", "TERM": "dumb"}).invoke(app, list(words))
    assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
    return answer.exit_code, answer.stdout, answer.stderr


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where somebody types, with files that are no good."""
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder.csv").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def unchanged(db: None, folder: Path, clock: FixedClock) -> Iterator[None]:
    """The shipped regions are known; after the test database and folder are as they were."""
    publish_policy(policy.shipped_files(), by="a clerk", clock=clock)
    before = contents()
    yield
    assert contents() == before
    found = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert found == FILES


BAD_FILES = [
    (["policy", "check", "nowhere.yaml"], 2, "There is no file nowhere.yaml; check the path"),
    (["policy", "check", "folder.csv"], 2, "There is no file folder.csv; check the path"),
    (["policy", "check", "binary.yaml"], 2, "The file binary.yaml is not UTF-8 text; save it as UTF-8"),
    (["policy", "check", "broken.yaml"], 1, "(file)  is not YAML: "),
    (["policy", "check", "list.yaml", "zero.yaml"], 1, "holds no values; it should begin with format: 1"),
    (["policy", "publish", "broken.yaml"], 2, "Correct it and try again; nothing was published"),
    (["policy", "publish", SHIPPED, "list.yaml"], 2, "Correct it and try again; nothing was published"),
    (["policy", "cases", "nowhere.yaml"], 2, "There is no file nowhere.yaml; check the path"),
    (["policy", "cases", "broken.yaml"], 2, "The worked case cannot be used (broken.yaml, (file))"),
    (["policy", "cases", "zero.yaml"], 2, "The worked case cannot be used (zero.yaml, (file))"),
    (["policy", "cases", "list.yaml"], 2, "The worked case cannot be used (list.yaml, (file)): it holds no case"),
    (["register", "import", "nowhere.csv", "--region", "360100"], 2, "There is no file nowhere.csv; check the path"),
    (["register", "import", "folder.csv", "--region", "360100"], 2, "There is no file folder.csv; check the path"),
    (["register", "import", "zero.csv", "--region", "360100"], 2, "zero.csv is empty: its first line should name"),
    (["register", "import", "noise.csv", "--region", "360100"], 2, "noise.csv is neither UTF-8 nor GB18030; save it"),
    (["register", "import", "noise.xlsx", "--region", "360100"], 2, "noise.xlsx cannot be read: only .csv and .xlsx"),
    (["register", "import", "columns.csv", "--region", "360100"], 2, "columns.csv lacks columns that must be there"),
    (["voucher", "verify", "nowhere.pdf"], 2, "nowhere.pdf could not be read: No such file"),
    (["voucher", "verify", "folder.csv"], 2, "folder.csv could not be read: Is a directory"),
    (["voucher", "verify", "zero.csv"], 1, "Do not trust this paper"),
]
"""Words, status, and what is said; status 1 where the file was judged and found wrong."""

BAD_WORDS = [
    ([*ADULT, "--lapsed", "-3"], "greater than or equal to 0"),
    ([*ADULT, "--repaired", "101"], "less than or equal to 100"),
    ([*ADULT, "--year", "99999"], "less than or equal to 2999"),
    ([*ADULT, "--tier", "gold"], "“gold” is not a tier of 360100; this region has no tiers, leave --tier out"),
    ([*ADULT, "--lang", "fr"], "'fr' is not one of 'zh', 'en'"),
    (["register", "import", "columns.csv", "--region", "999999"], "Region 999999 has no published policy; check"),
    (["register", "import", "columns.csv", "--region", "360100", "--processes", "0"], "greater than or equal to 1"),
    (["register", "import", "columns.csv", "--region", "360100", "--report", "x.txt"], "nothing was imported"),
    (["register", "import", "columns.csv", "--region", "360100", "--report", "no/x.xlsx"], "nothing was imported"),
    (["register", "generate", "--region", "360100", "--persons", "0", "--out", "g.csv"], "greater than or equal to 1"),
    (["register", "generate", "--region", "36", "--persons", "5", "--out", "g.csv"], "The region code “36” is wrong"),
    (["register", "generate", "--region", "360100", "--persons", "5", "--out", "no/g.csv"], "no/g.csv could not be"),
    (["register", "generate", "--region", "360100", "--persons", "5", "--out", "folder.csv"], "Is a directory; name"),
    (
        ["register", "generate", "--region", "360100", "--persons", "5", "--out", "there.csv"],
        "there.csv exists already",
    ),
    (["register", "generate", "--region", "360100", "--persons", "5", "--out", "g.pdf", "--format", "pdf"], "not pdf"),
    (
        ["register", "generate", "--region", "360100", "--persons", "5", "--out", "g.csv", "--encoding", "x"],
        "not csv, x",
    ),
    (["register", "demo-family", "--region", "360100", "--family", "100"], "the cast has families 0 to 99, not 100"),
    (["assess", "--region", "999999", "--year", "2025"], "Region 999999 has no published policy; check the code"),
    (["assess", "--region", "360100", "--year", "1999"], "greater than or equal to 2000"),
    (["assess", "--region", "360100", "--year", "2031"], "publish its parameter file first"),
    (
        ["assess", "--region", "360100", "--year", "2025", "--scheme", "zzz"],
        "for scheme zzz and year 2025 is published",
    ),
    (["assess", "--region", "360100", "--year", "2025", "--on", "2024-02-30"], "no bill was made"),
    (["assess", "--region", "360100", "--year", "2025"], "import the register first. No bill was made"),
    (["audit", "--region", "-5"], "The region code “-5” is wrong; it has six digits"),
    (["migrate", "--check=no"], "does not take a value"),
    (["keys", "nonsense"], "No such command"),
    (["voucher", "show", "123", "--out", "v.pdf"], "No such voucher; check the number"),
    (["serve", "--port", "99999"], "less than or equal to 65535"),
    (["serve", "--port", "0"], "greater than or equal to 1"),
    (["serve", "--processes", "0"], "greater than or equal to 1"),
    (["serve", "--threads", "0"], "greater than or equal to 1"),
    (["serve", "--host", "no.such.host.invalid", "--port", "45999"], "Nothing can listen at no.such.host.invalid"),
    (["intake", "--port", "-1"], "greater than or equal to 1"),
    (["intake", "--host", "192.0.2.1", "--port", "45999"], "Nothing can listen at 192.0.2.1, port 45999"),
    (["sandbox", "--port", "99999"], "less than or equal to 65535"),
    (["sandbox", "--control-port", "-4"], "greater than or equal to 0"),
    (["up", "--port", "99999"], "less than or equal to 65535"),
    (["up", "--date", "tomorrow"], "CANBAO_CLOCK is “tomorrow”; write a date such as 2024-11-15"),
]
"""Words and what is said; each ends with 2."""


@pytest.mark.parametrize(("words", "status", "sentence"), BAD_FILES, ids=[" ".join(row[0]) for row in BAD_FILES])
def test_file_that_is_no_good_is_named_with_what_to_do(
    unchanged: None, words: list[str], status: int, sentence: str
) -> None:
    found, out, error = canbao(*words)
    assert found == status
    assert sentence in out + error


@pytest.mark.parametrize(("words", "sentence"), BAD_WORDS, ids=[" ".join(row[0])[-60:] for row in BAD_WORDS])
def test_words_that_cannot_be_used_are_named_with_what_to_do(
    unchanged: None, words: list[str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANBAO_CLOCK", "")
    status, out, error = canbao(*words)
    assert (status, sentence in error) == (2, True), out + error


@pytest.mark.parametrize("command", ["serve", "intake"])
def test_port_that_is_taken_is_named(unchanged: None, command: str) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen(1)
        port = holder.getsockname()[1]
        status, _, error = canbao(command, "--port", str(port))
    assert status == 2
    assert f"Nothing can listen at 127.0.0.1, port {port} (Address already in use); stop what holds it" in error


def test_disk_that_is_full_is_told(unchanged: None) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    status, _, error = canbao("register", "generate", "--region", "360100", "--persons", "5", "--out", "/dev/full")
    assert (status, "/dev/full" in error) == (2, True)


BAD_SETTINGS = [
    ("DATABASE_URL", "not an address", "DATABASE_URL is to be an address such as postgresql://"),
    ("DATABASE_URL", "mysql://somewhere", "DATABASE_URL is to be an address such as postgresql://"),
    (
        "DATABASE_URL",
        "postgresql:///x?host=/nowhere",
        "The database cannot be reached (x at /nowhere); check DATABASE_URL",
    ),
    ("DATABASE_URL", "postgresql://a:b@127.0.0.1:9/x", "The database cannot be reached (x at 127.0.0.1); check"),
    ("CANBAO_DATABASE_CONNECTIONS", "many", "CANBAO_DATABASE_CONNECTIONS is to be a number from 1 to 1000"),
    ("CANBAO_DATABASE_CONNECTIONS", "0", "CANBAO_DATABASE_CONNECTIONS is to be a number from 1 to 1000"),
    ("CANBAO_STATEMENT_TIMEOUT", "long", "CANBAO_STATEMENT_TIMEOUT is to be a time such as 60s or 500ms"),
    ("CANBAO_PUBLIC_URL", "our page", "CANBAO_PUBLIC_URL is to be an address such as https://canbao.example.cn"),
    ("CANBAO_NOTICE_URL", "ftp://x", "CANBAO_NOTICE_URL is to be an address such as https://notices.example.cn"),
    ("CANBAO_ADDRESS_HEADER", "X Real: IP", "CANBAO_ADDRESS_HEADER is to be the name of one header, such as X-Real-IP"),
    ("CANBAO_CLOCK", "0001-01-01", "CANBAO_CLOCK is “0001-01-01”; write a date such as 2024-11-15"),
    ("CANBAO_CLOCK", "shift:99999999999", "CANBAO_CLOCK is “shift:99999999999”; write a date such as 2024-11-15"),
    ("CANBAO_ENVIRONMENT", "prod", "CANBAO_ENVIRONMENT is production or development and nothing else; correct it"),
    ("CANBAO_SEAL_KEYS", f"1:{secrets.token_hex(16)}", "Keys are missing: set both CANBAO_SEAL_KEYS and CANBAO_DIG"),
    ("CANBAO_DIGEST_KEY", secrets.token_hex(32), "Keys are missing: set both CANBAO_SEAL_KEYS and CANBAO_DIGEST_KEY"),
]


@pytest.mark.parametrize(
    ("name", "value", "sentence"), BAD_SETTINGS, ids=[f"{row[0]} {row[2][-12:]}" for row in BAD_SETTINGS]
)
def test_setting_that_cannot_be_used_is_named(
    unchanged: None, name: str, value: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as changed:
        changed.setenv(name, value)
        ring.cache_clear()
        status, out, error = canbao("keys", "rotate")
    ring.cache_clear()
    close_pool()
    assert (status, out) == (2, "")
    assert sentence in error


@pytest.mark.parametrize("command", ["serve", "intake", "work"])
def test_half_a_channel_stops_whoever_speaks_to_it(
    unchanged: None, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANBAO_WECHAT_FILE", "nowhere.json")
    catalogue.forget()
    status, out, error = canbao(command)
    assert (status, out) == (2, "")
    assert "The channel setting CANBAO_WECHAT_FILE cannot be used: the file cannot be read as JSON" in error


COMMANDS_ON_A_DATABASE = [
    ["policy", "list"],
    ["policy", "publish", "--all"],
    ["register", "import", "columns.csv", "--region", "360100"],
    ["assess", "--region", "360100", "--year", "2025"],
    ["audit"],
    ["distribute"],
    ["keys", "rotate"],
    ["voucher", "verify", "there.csv"],
    ["voucher", "show", "123", "--out", "v.pdf"],
    ["serve"],
    ["intake"],
    ["work"],
]


def test_database_of_a_newer_version_is_left_alone_by_every_command(unchanged: None) -> None:
    said = "The database is newer than the programs: 1 steps are unknown here; install the version that made it"
    with owner_connection() as session:
        session.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('billing', '9999_later', now())")
        try:
            told = {tuple(words): canbao(*words) for words in [*COMMANDS_ON_A_DATABASE, ["migrate"]]}
        finally:
            session.execute("DELETE FROM django_migrations WHERE name = '9999_later'")
    for words, (status, out, error) in told.items():
        assert (status, out, said in error) == (2, "", True), words


def test_database_that_is_not_migrated_is_left_alone_by_every_command(unchanged: None) -> None:
    steps = len(list((ROOT / "canbao" / "coverage" / "migrations").glob("0*.py")))
    said = f"The database is older than the programs: {steps} steps are missing; run canbao migrate first"
    with owner_connection() as session:
        session.execute("UPDATE django_migrations SET app = 'aside' WHERE app = 'coverage'")
        try:
            told = {tuple(words): canbao(*words) for words in COMMANDS_ON_A_DATABASE}
        finally:
            session.execute("UPDATE django_migrations SET app = 'coverage' WHERE app = 'aside'")
    for words, (status, out, error) in told.items():
        assert (status, out, said in error) == (2, "", True), words


@pytest.mark.parametrize("command", ["up", "demo"])
def test_second_stack_is_refused_and_the_first_keeps_its_addresses(
    unchanged: None, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANBAO_CLOCK", "")
    addresses = state_dir() / "sandbox-wechat" / "addresses.json"
    addresses.parent.mkdir(exist_ok=True)
    addresses.write_text("{}")
    with sole_stack():
        status, out, error = canbao(command)
    assert (status, out, addresses.read_text()) == (2, "", "{}")
    assert f"Another canbao up or demo runs here (process {os.getpid()}); stop it first. Nothing was changed" in error
    addresses.unlink()


def broken(path: str, content: bytes) -> Callable[[Path], str]:
    """A state directory one of whose files is broken."""

    def make(state: Path) -> str:
        state.mkdir(mode=0o700)
        (state / path).write_bytes(content)
        return str(state)

    return make


def a_file(state: Path) -> str:
    """A state directory that is a file."""
    state.write_bytes(b"")
    return str(state)


BAD_STATE = [
    (a_file, "in the state directory cannot be used (File exists); mend that, or name another directory"),
    (lambda state: "/proc/nowhere", "/proc/nowhere in the state directory cannot be used"),
    (broken("secret_key", b""), "secret_key is empty; restore it from a copy, or remove it, and it is made anew"),
    (broken("keys.json", b"{"), "keys.json cannot be read; restore it from a copy: without it no sealed data opens"),
    (broken("keys.json", b'{"seal_keys": "x"}'), "keys.json cannot be read; restore it from a copy"),
    (broken("keys.json", b'{"seal_keys": "x", "digest_key": "y"}'), "A key is malformed"),
]


@pytest.mark.parametrize(("make", "sentence"), BAD_STATE, ids=[row[1][-30:] for row in BAD_STATE])
def test_state_that_cannot_be_used_is_named(
    unchanged: None, tmp_path_factory: pytest.TempPathFactory, make: Callable[[Path], str], sentence: str
) -> None:
    """In a process of its own: this one has read its state long ago."""
    state = make(tmp_path_factory.mktemp("bad") / "state")
    ran = subprocess.run(
        [sys.executable, "-m", "canbao.site.cli.main", "keys", "rotate"],
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, "CANBAO_STATE_DIR": state},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert sentence in ran.stderr
    assert "Traceback" not in ran.stderr


FAILURES = [
    (psycopg.OperationalError("the server closed the connection"), 2, "[site.database_away]"),
    (errors.AdminShutdown("terminating"), 2, "[site.database_away]"),
    (errors.DiskFull("no space left"), 2, "The database did not finish (DiskFull), and the unfinished step was undone"),
    (errors.InsufficientPrivilege("permission denied"), 2, "did not finish (InsufficientPrivilege)"),
    (errors.QueryCanceled("canceling statement"), 2, "did not finish (QueryCanceled)"),
    (errors.ReadOnlySqlTransaction("read-only"), 2, "did not finish (ReadOnlySqlTransaction)"),
    (
        PermissionError(13, "Permission denied", "out.csv"),
        2,
        "out.csv could not be read or written (Permission denied)",
    ),
    (OSError(28, "No space left on device"), 2, "A file could not be read or written (No space left on device)"),
    (PostgresUnavailable("The embedded PostgreSQL was not started: no."), 2, "was not started: no."),
    (KeyboardInterrupt(), 130, "Stopped. Whatever was finished is kept, nothing is half done"),
]


@pytest.mark.parametrize(("failure", "status", "sentence"), FAILURES, ids=[type(row[0]).__name__ for row in FAILURES])
def test_what_goes_wrong_outside_our_programs_ends_in_a_sentence(
    failure: BaseException, status: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended, told_in_a_sentence():
        raise failure
    assert ended.value.exit_code == status
    assert sentence in capsys.readouterr().err


def test_broken_pipe_is_left_to_the_shell() -> None:
    with pytest.raises(BrokenPipeError), told_in_a_sentence():
        raise BrokenPipeError(32, "Broken pipe")
