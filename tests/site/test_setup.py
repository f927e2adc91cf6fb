"""Setting up from nothing: what the lock files may say, what the set-up leaves, and what it says when it fails."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tools import assets, bootstrap, browser

CHECKOUT = Path(__file__).resolve().parents[2]
LEVELS = ("runtime", "development")


def _entries(level: str) -> list[str]:
    """The lock's requirements, each with its continuation lines joined."""
    text = (CHECKOUT / "requirements" / f"{level}.txt").read_text()
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line.strip()]
    return [line for line in lines if not line.lstrip().startswith("#")]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small checkout in a path with blanks: the real tools, nothing to install, the assets already laid out."""
    path = tmp_path / "a checkout 参保"
    for folder in ("tools", "build/static/vendor"):
        shutil.copytree(CHECKOUT / folder, path / folder)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copyfile(CHECKOUT / name, path / name)
    (path / "requirements").mkdir()
    for level in LEVELS:
        (path / "requirements" / f"{level}.txt").write_text("# nothing\n")
    (path / "canbao").mkdir()
    (path / "canbao" / "__init__.py").write_text("FOUND = 'the one of this checkout'\n")
    return path


def _set_up(checkout: Path, level: str = "runtime", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "tools/bootstrap.py", level],
        cwd=checkout,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("level", LEVELS)
def test_every_locked_package_has_one_version_and_a_hash(level: str) -> None:
    entries = _entries(level)
    assert len(entries) > 50
    for entry in entries:
        assert re.match(r"[a-z0-9][a-z0-9._-]*==[^\s;]+", entry), entry
        assert "--hash=sha256:" in entry, entry


@pytest.mark.parametrize("level", LEVELS)
def test_no_lock_or_wish_names_where_packages_come_from(level: str) -> None:
    for name in (f"{level}.txt", f"{level}.in"):
        text = (CHECKOUT / "requirements" / name).read_text()
        assert "://" not in text
        assert not re.search(r"^\s*(-i|-f|--index-url|--extra-index-url|--find-links|--trusted-host)\b", text, re.M)
        assert " @ " not in text


def test_the_development_lock_contains_the_runtime_lock() -> None:
    pinned = {level: {entry.split()[0] for entry in _entries(level)} for level in LEVELS}
    assert pinned["runtime"] < pinned["development"]


def test_the_lock_is_newer_than_every_wish() -> None:
    for level in LEVELS:
        locked = {entry.split("==")[0] for entry in _entries(level)}
        wishes = (CHECKOUT / "requirements" / f"{level}.in").read_text().splitlines()
        names = [re.match(r"[A-Za-z0-9._-]+", line) for line in wishes if line and line[0] not in "#-"]
        wanted = {re.sub(r"[-_.]+", "-", found.group()).lower() for found in names if found is not None}
        assert wanted <= locked


def test_the_npm_lock_has_integrity_and_no_address() -> None:
    text = (CHECKOUT / "package-lock.json").read_text()
    assert "://" not in text
    assert '"resolved"' not in text
    packages = {name: found for name, found in json.loads(text)["packages"].items() if name}
    assert set(packages) == {"node_modules/axe-core", "node_modules/htmx.org", "node_modules/weui"}
    for found in packages.values():
        assert found["integrity"].startswith("sha512-")


def test_npm_is_told_no_registry() -> None:
    text = (CHECKOUT / ".npmrc").read_text()
    assert "omit-lockfile-registry-resolved=true" in text.splitlines()
    assert not re.search(r"registry\s*=\s*\S*//", text)


def test_the_package_wishes_what_the_runtime_wishes() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    assert project["tool"]["setuptools"]["dynamic"]["dependencies"] == {"file": ["requirements/runtime.in"]}
    assert project["project"]["scripts"] == {"canbao": "canbao.site.cli.main:app"}


@pytest.mark.slow
def test_a_set_up_makes_the_checkout_importable_and_the_second_changes_nothing(checkout: Path) -> None:
    first = _set_up(checkout)
    assert (first.returncode, first.stdout) == (0, "")
    assert first.stderr.splitlines()[-1] == "set-up: ready"
    python = checkout / ".venv" / "bin" / "python"
    asked = [str(python), "-c", "import canbao; print(canbao.FOUND)"]
    answer = subprocess.run(asked, cwd="/", capture_output=True, text=True, check=True)
    assert answer.stdout == "the one of this checkout\n"
    command = checkout / ".venv" / "bin" / "canbao"
    assert os.access(command, os.X_OK)
    before = command.stat().st_mtime_ns
    second = _set_up(checkout)
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert command.stat().st_mtime_ns == before


@pytest.mark.slow
def test_a_failed_installation_says_what_to_do_and_is_tried_again(checkout: Path) -> None:
    lock = checkout / "requirements" / "runtime.txt"
    lock.write_text(f"canbao-has-no-such-package==1.0 --hash=sha256:{'0' * 64}\n")
    failed = _set_up(checkout, PIP_NO_INDEX="1", PIP_FIND_LINKS="")
    assert failed.returncode == 1
    assert "canbao-has-no-such-package" in failed.stderr
    assert "Check that a package index is reachable" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert list(json.loads((checkout / ".venv" / "canbao-stamp.json").read_text())) == ["made_for"]
    assert not (checkout / ".venv" / "bin" / "canbao").exists()
    lock.write_text("# nothing\n")
    again = _set_up(checkout)
    assert (again.returncode, again.stderr.splitlines()[-1]) == (0, "set-up: ready")


def test_an_unknown_level_is_refused(checkout: Path) -> None:
    refused = _set_up(checkout, "production")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == "set-up: usage: python3 tools/bootstrap.py runtime|development\n"
    assert not (checkout / ".venv").exists()


def test_a_python_that_is_too_old_is_refused_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 14, "final", 0))
    assert bootstrap.main(["runtime"]) == 1
    assert "needs Python 3.11 or newer" in capsys.readouterr().err


def test_assets_are_the_files_that_npm_brought() -> None:
    for source, target in assets.COPIED.items():
        brought = (CHECKOUT / "node_modules" / source).read_bytes()
        assert (CHECKOUT / "build" / "static" / "vendor" / target).read_bytes() == brought
        assert brought


def test_a_lock_that_does_not_fit_the_wishes_is_refused_and_leaves_the_assets(checkout: Path) -> None:
    wishes = json.loads((checkout / "package.json").read_text())
    wishes["dependencies"]["weui"] = "2.6.25"
    (checkout / "package.json").write_text(json.dumps(wishes))
    vendor = checkout / "build" / "static" / "vendor"
    before = {path: path.read_bytes() for path in vendor.rglob("*") if path.is_file()}
    with pytest.raises(assets.AssetsUnavailable, match="npm ended with status 1"):
        assets.lay_out(checkout)
    assert {path: path.read_bytes() for path in vendor.rglob("*") if path.is_file()} == before


def test_a_machine_without_npm_uses_the_wheels(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    command = assets.npm_command()
    assert [Path(part).name for part in command] == ["node", "npm-cli.js"]
    answer = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
    assert int(answer.stdout.split(".")[0]) >= assets.OLDEST_NPM


def test_a_named_browser_wins_and_a_wrong_name_is_the_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "chromium"
    monkeypatch.setenv("CANBAO_CHROMIUM", str(program))
    reason = f"CANBAO_CHROMIUM names {program}, which cannot be run"
    assert browser.ensure() == browser.Browser(path=None, reason=reason)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert browser.ensure() == browser.Browser(path=program, reason="")


def test_without_a_browser_there_is_a_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CANBAO_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert browser.find().path is None
    assert browser.find().reason.startswith("no Chromium on this machine")


APT = """#!/bin/sh
for word; do package=$word; case $word in chromium*) break;; esac; done
[ "$3" = DPkg::Lock::Timeout=600 ] || exit 9
[ "$6" = update ] && exit 0
case " {brings} " in *" $package "*) ;; *) echo "Unable to locate $package" >&2; exit 100;; esac
: > "{folder}/$package" && /bin/chmod 755 "{folder}/$package"
"""


@pytest.mark.parametrize(
    ("here", "brings", "found"),
    [
        ("", "chromium-headless-shell chromium", "chromium-headless-shell"),
        ("", "chromium", "chromium"),
        ("", "", None),
        ("chromium", "chromium-headless-shell", "chromium-headless-shell"),
        ("chromium", "", "chromium"),
    ],
)
def test_a_browser_without_a_screen_is_brought_where_it_can_be_and_any_is_better_than_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, here: str, brings: str, found: str | None
) -> None:
    for name, text in {"apt-get": APT.format(brings=brings, folder=tmp_path), here: "#!/bin/sh\n"}.items():
        if name:
            (tmp_path / name).write_text(text)
            (tmp_path / name).chmod(0o755)
    monkeypatch.delenv("CANBAO_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    brought = browser.ensure()
    assert brought.path == (tmp_path / found if found else None)
    if found is None:
        assert brought.reason == ("no Chromium on this machine, and apt could not bring one: Unable to locate chromium")
