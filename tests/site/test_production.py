"""What production is refused for, and that a misspelt one is no demonstration."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from canbao.kernel.environment import is_production, kept_once, state_dir
from canbao.kernel.errors import CanbaoError
from canbao.site import production

ROOT = Path(__file__).resolve().parents[2]
SOUND = {
    "CANBAO_ENVIRONMENT": "production",
    "DATABASE_URL": "postgresql://database.example.org/canbao",
    "CANBAO_SECRET_KEY": "s0NwQv9bGmZc4hXr7Tk2LpYf8Ud5Ae1J",
    "CANBAO_SEAL_KEYS": "1:00112233445566778899aabbccddeeff",
    "CANBAO_DIGEST_KEY": "0123456789abcdeffedcba98765432100123456789abcdeffedcba9876543210",
    "CANBAO_PUBLIC_URL": "https://pay.example.org",
    "CANBAO_NOTICE_URL": "https://notices.example.org/from",
    "CANBAO_HOSTS": "pay.example.org, [2001:db8::1]",
    "CANBAO_ADDRESS_HEADER": "X-Real-IP",
}


def test_a_sound_production_is_not_refused() -> None:
    assert production.problems(SOUND) == []
    assert production.hosts(SOUND) == ["pay.example.org", "[2001:db8::1]"]


def test_everything_missing_is_named_at_once() -> None:
    (said,) = production.problems({"CANBAO_ENVIRONMENT": "production"})

    assert said == f"production needs these environment variables: {', '.join(production.REQUIRED)}"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CANBAO_CLOCK", "2024-11-15", "CANBAO_CLOCK sets the business date"),
        ("CANBAO_PUBLIC_URL", "http://pay.example.org", "CANBAO_PUBLIC_URL must be https://"),
        ("CANBAO_PUBLIC_URL", "https://pay.example.org/canbao", "CANBAO_PUBLIC_URL must be https://"),
        ("CANBAO_PUBLIC_URL", "https://other.example.org", "CANBAO_HOSTS must hold the host of CANBAO_PUBLIC_URL"),
        ("CANBAO_NOTICE_URL", "http://notices.example.org", "CANBAO_NOTICE_URL must begin with https://"),
        ("CANBAO_HOSTS", "*", "CANBAO_HOSTS names each host in full"),
        ("CANBAO_HOSTS", "pay.example.org,.example.org", "CANBAO_HOSTS names each host in full"),
        ("CANBAO_SECRET_KEY", "secret", "CANBAO_SECRET_KEY is too easy to guess"),
        ("CANBAO_SECRET_KEY", "abc" * 20, "CANBAO_SECRET_KEY is too easy to guess"),
        ("CANBAO_DIGEST_KEY", "0" * 64, "CANBAO_DIGEST_KEY is too easy to guess"),
    ],
)
def test_what_would_run_unsafely_is_refused_in_one_sentence(name: str, value: str, said: str) -> None:
    (problem,) = production.problems({**SOUND, name: value})

    assert problem.startswith(said)
    assert name == "CANBAO_CLOCK" or "KEY" not in name or value not in problem


def _start(**environment: str) -> subprocess.CompletedProcess[str]:
    """`canbao work` with this environment and nothing else of ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CANBAO_", "DATABASE_URL"))}
    return subprocess.run(
        [sys.executable, "-m", "canbao.site.cli.main", "work"],
        cwd=ROOT,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "site.production_unsafe"),
        ({"CANBAO_SEAL_KEYS": "1:short"}, "kernel.keys_malformed"),
        ({"CANBAO_WECHAT_MCHID": "1900000001"}, "channels.not_configured"),
        ({"CANBAO_ENVIRONMENT": "Production"}, "kernel.environment_unknown"),
        ({"CANBAO_HOSTS": "*"}, "CANBAO_HOSTS names each host in full"),
    ],
)
def test_production_does_not_start_without_what_it_needs(changed: dict[str, str], said: str, tmp_path: Path) -> None:
    ran = _start(**{**SOUND, "CANBAO_STATE_DIR": str(tmp_path / "state"), **changed})

    assert (ran.returncode, ran.stdout) == (2, "")
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not (tmp_path / "state").exists()


def test_production_does_not_start_on_a_sandbox(tmp_path: Path) -> None:
    merchant = tmp_path / "merchant.json"
    merchant.write_text('{"control_url": "http://127.0.0.1:1/_sandbox", "base_url": "http://127.0.0.1:2"}')

    ran = _start(**SOUND, CANBAO_WECHAT_FILE=str(merchant))

    assert ran.returncode == 2
    assert "channels." in ran.stderr


def test_production_keeps_its_cookies_to_itself_and_answers_to_its_own_names() -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CANBAO_")}
    names = (
        "DEBUG SESSION_COOKIE_NAME CSRF_COOKIE_NAME SESSION_COOKIE_SECURE CSRF_COOKIE_SECURE SESSION_COOKIE_HTTPONLY "
        "CSRF_COOKIE_HTTPONLY SESSION_COOKIE_SAMESITE CSRF_COOKIE_SAMESITE ALLOWED_HOSTS CSRF_TRUSTED_ORIGINS"
    )
    told = f"[getattr(settings, name) for name in '{names}'.split()]"
    asked = f"import json; from canbao.site import settings; print(json.dumps({told}))"

    ran = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, env={**kept, **SOUND}, capture_output=True, text=True, check=True
    )

    assert json.loads(ran.stdout) == [
        False,
        *("__Host-sessionid", "__Host-csrftoken"),
        *(True, True, True, True),
        *("Lax", "Lax"),
        ["pay.example.org", "[2001:db8::1]"],
        ["https://pay.example.org"],
    ]


@pytest.mark.parametrize("said", ["Production", "prod", "production ", "staging"])
def test_a_third_environment_is_refused(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANBAO_ENVIRONMENT", said)
    with pytest.raises(CanbaoError, match=r"kernel\.environment_unknown"):
        is_production()


@pytest.mark.parametrize(("said", "expected"), [("", False), ("development", False), ("production", True)])
def test_production_is_named_in_full(said: str, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANBAO_ENVIRONMENT", said)
    assert is_production() is expected


def test_the_state_directory_is_made_private_and_one_that_others_write_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANBAO_STATE_DIR", str(tmp_path / "state"))
    assert stat.S_IMODE(state_dir().stat().st_mode) == 0o700

    (tmp_path / "state").chmod(0o770)
    with pytest.raises(CanbaoError, match=r"kernel\.state_dir_open"):
        state_dir()


def test_a_secret_is_kept_once_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "secret"

    assert (kept_once(path, b"first"), kept_once(path, b"second")) == (b"first", b"first")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [found.name for found in tmp_path.iterdir()] == ["secret"]
