"""The arrows of the house: the tree obeys `.importlinter`, and each contract there refuses what it is meant to refuse.

Every violation below is planted in one copy of the tree, and the report must name each under its own contract. A
contract without a planted violation fails the first test, so none can be added that proves nothing.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("policy", "registry", "ledger", "billing", "payments", "coverage", "documents", "reconciliation")
REACTIONS = "canbao/journeys/reactions.py"

PLANTED: tuple[tuple[str, str, str], ...] = (
    ("Arrows point down", "canbao/kernel/money.py", "canbao.policy.public"),
    ("Arrows point down", "canbao/ledger/store.py", "canbao.registry.public"),
    ("Arrows point down", "canbao/payments/store.py", "canbao.billing.public"),
    ("Arrows point down", "canbao/rulebook/window.py", "canbao.channels.interface"),
    ("Arrows point down", "canbao/billing/store.py", "canbao.journeys.assess_year"),
    ("Doors do not know each other", "canbao/doors/verify/views.py", "canbao.doors.citizen.listing"),
    ("Doors do not know each other", "canbao/doors/frame/reader.py", "canbao.doors.verify.shown"),
    ("Channels do not know each other", "canbao/channels/wechat/wire.py", "canbao.channels.catalogue"),
    ("A channel is entered through its interface", "canbao/journeys/settle_orders.py", "canbao.channels.wechat.wire"),
    ("A channel translates; it never stores", "canbao/channels/wechat/codes.py", "canbao.kernel.outbox"),
    ("A channel translates; it never stores", "canbao/channels/wechat/signing.py", "psycopg"),
    ("A channel translates; it never stores", "canbao/channels/interface.py", "django.db"),
    ("Rules, states, postings and value types are pure", "canbao/billing/rules.py", "django.db.models"),
    ("Rules, states, postings and value types are pure", "canbao/rulebook/window.py", "canbao.kernel.environment"),
    ("Rules, states, postings and value types are pure", "canbao/ledger/postings.py", "canbao.kernel.outbox"),
    ("Rules, states, postings and value types are pure", "canbao/payments/states.py", "psycopg"),
    ("Rules, states, postings and value types are pure", "canbao/policy/errors.py", "canbao.policy.store"),
    ("Only journeys open transactions", "canbao/doors/citizen/pay.py", "canbao.kernel.transactions"),
    ("Only journeys open transactions", "canbao/billing/public.py", "canbao.kernel.transactions"),
    ("Only rooms run SQL", "canbao/doors/verify/shown.py", "canbao.kernel.sql"),
    ("Only rooms run SQL", "canbao/channels/wechat/adapter.py", "canbao.kernel.sql"),
    ("Only kernel and site connect", "canbao/billing/store.py", "canbao.kernel.connections"),
    ("Only kernel and site connect", "canbao/journeys/pay_bills.py", "canbao.kernel.connections"),
    *((f"{room} is entered through {room}.public", REACTIONS, f"canbao.{room}.checks") for room in ROOMS),
    ("The two sides of the wire share no code", "canbao/channels/errors.py", "sandbox.clock"),
    ("The two sides of the wire share no code", "sandbox/clock.py", "canbao.kernel.clock"),
    ("Only the command line knows the simulator", "canbao/journeys/pay_bills.py", "simulation.chance"),
    ("Only the command line knows the simulator", "sandbox/clock.py", "simulation.steps"),
    ("No cycles anywhere", "canbao/billing/states.py", "canbao.billing.store"),
)  # fmt: skip
"""Contract, the file that breaks it, and what that file imports without having the right to."""


def lint(folder: Path) -> dict[str, str]:
    """Run import-linter in a tree: the broken contracts by name, each with what the report says of it."""
    environment = {**os.environ, "COLUMNS": "400", "PYTHONPATH": str(folder), "NO_COLOR": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "Contracts: " in ran.stdout, ran.stdout + ran.stderr
    verdicts = dict(re.findall(r"^(.+?) (KEPT|BROKEN)\b", ran.stdout, re.MULTILINE))
    broken = [name for name, verdict in verdicts.items() if verdict == "BROKEN"]
    told = ran.stdout.partition("Broken contracts\n")[2]
    sections = re.split(r"^(.+)\n-{3,}\n", told, flags=re.MULTILINE)
    told_of = dict(zip(sections[1::2], sections[2::2], strict=True))
    assert sorted(told_of) == sorted(broken)
    return told_of


def contracts() -> list[str]:
    """The names of every contract."""
    parser = ConfigParser()
    parser.read(ROOT / ".importlinter", encoding="utf-8")
    return [parser[section]["name"] for section in parser.sections() if section.startswith("importlinter:contract:")]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the product's Python files with their contracts."""
    for package in ("canbao", "sandbox"):
        for path in (ROOT / package).rglob("*.py"):
            target = tmp_path / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    shutil.copyfile(ROOT / ".importlinter", tmp_path / ".importlinter")
    return tmp_path


def plant(tree: Path, path: str, imported: str) -> None:
    """Add an import to a file of the copy."""
    with (tree / path).open("a", encoding="utf-8") as file:
        file.write(f"\nimport {imported}\n")


def told_as(name: str, path: str, imported: str) -> str:
    """How the report names a planted import."""
    importer = path.removesuffix(".py").replace("/", ".")
    if name == "No cycles anywhere":
        return f".{importer.rpartition('.')[2]} -> .{imported.rpartition('.')[2]} ("
    # Of packages that are not ours it knows the top name alone.
    top = imported.partition(".")[0]
    return f"{importer} -> {imported if top in ('canbao', 'sandbox') else top} ("


def test_every_contract_has_a_planted_violation() -> None:
    assert sorted({name for name, _, _ in PLANTED}) == sorted(contracts())


def test_the_tree_keeps_every_contract() -> None:
    assert lint(ROOT) == {}


def test_each_contract_refuses_what_breaks_it(tree: Path) -> None:
    for _, path, imported in PLANTED:
        plant(tree, path, imported)
    told = lint(tree)
    assert sorted(told) == sorted(contracts())
    for name, path, imported in PLANTED:
        assert told_as(name, path, imported) in told[name], (name, path, imported)


@pytest.mark.parametrize(
    ("contract", "newcomer"),
    [
        ("Arrows point down", "canbao/claims"),
        ("Doors do not know each other", "canbao/doors/hospital"),
        ("Channels do not know each other", "canbao/channels/unionpay"),
    ],
)
def test_a_newcomer_must_be_given_its_place(tree: Path, contract: str, newcomer: str) -> None:
    (tree / newcomer).mkdir()
    (tree / newcomer / "__init__.py").write_text("")
    told = lint(tree)
    assert list(told) == [contract]
    assert newcomer.rpartition("/")[2] in told[contract]


def test_a_test_may_enter_a_room_from_inside(tree: Path) -> None:
    (tree / "canbao/registry/tests").mkdir(exist_ok=True)
    (tree / "canbao/registry/tests/test_planted.py").write_text(
        "import canbao.billing.store\nimport canbao.kernel.transactions\nimport canbao.journeys.import_register\n"
    )
    assert lint(tree) == lint(ROOT)
