"""The scene of the demonstration: Nanchang, cover year 2025, on a set business date, with a register of made-up
persons.

Everything here is what an operator does at the command line, and can be done twice: policies published, the register
imported, the year assessed. A family of the cast that has not paid yet is chosen for the payer.
"""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from canbao.kernel.clock import ShiftedClock
from canbao.kernel.environment import process_clock
from canbao.kernel.errors import Retry, declare
from canbao.kernel.regions import RegionCode
from canbao.policy import public as policy
from canbao.registry import public as registry
from canbao.site.stack import Addresses

NANCHANG = RegionCode(360100)
INSURED_YEAR = 2025
PERSONS = 2_000
SEED = 1
FAMILIES = 100

CAST_USED_UP = declare(
    "site.demo_cast_used_up",
    Retry.NEVER,
    "演示的 {families} 个家庭都缴过了，请用 make clean 清空后再来",
    "All {families} families of the demonstration have paid; run make clean and start again",
)

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A made-up person, as she types herself in."""

    role: str
    id_no: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What has been set up: the clock, and the family whose turn it is."""

    clock: ShiftedClock
    family: tuple[Member, ...]
    bill_count: int


def set_the_scene(say: Say = lambda line: None) -> Scene:
    """Migrate, publish every shipped policy, import the register, assess the year, and choose a family that has not
    paid.
    """
    from canbao.journeys.assess_year import assess_year
    from canbao.journeys.import_register import import_register
    from canbao.journeys.publish_policy import publish_policy
    from canbao.site.migrate import migrate

    clock = process_clock()
    migrate()
    published = publish_policy(policy.shipped_files(), by="demo", clock=clock)
    say(f"policies: {len(published)} in force for {len({one.parameters.region_code for one in published})} regions")
    with tempfile.TemporaryDirectory(prefix="canbao-demo-") as folder:
        path = Path(folder) / "register.csv"
        registry.write_made_up_register(
            path,
            NANCHANG,
            persons=PERSONS,
            seed=SEED,
            on=clock.today(),
            kind=registry.FileKind.CSV,
            encoding=registry.Encoding.UTF_8,
        )
        report = import_register(NANCHANG, path, clock=clock)
    say(f"register: {report.line_count:,} persons in Nanchang, {report.refused_count} rows refused")
    tally = assess_year(NANCHANG, policy.RESIDENT_MEDICAL, INSURED_YEAR, clock=clock)
    say(f"assessed: {tally.counts.person_count:,} persons for cover year {INSURED_YEAR}")
    return Scene(clock=clock, family=_family_whose_turn_it_is(clock), bill_count=tally.counts.person_count)


def _family_whose_turn_it_is(clock: ShiftedClock) -> tuple[Member, ...]:
    from canbao.billing import public as billing
    from canbao.billing.public import BillState

    for place in range(FAMILIES):
        family = registry.demo_family(NANCHANG, seed=SEED, family=place, on=clock.today())
        roles = ("payer", "child", "grandmother", "newborn")
        members = [
            Member(role=role, id_no=one.id_no, name=one.name) for role, one in zip(roles, family.members(), strict=True)
        ]
        found = [registered for member in members for registered in registry.find(member.id_no, member.name)]
        bills = billing.bills_of(NANCHANG, [registered.person_id for registered in found], clock.today())
        if len(bills) == len(members) and all(bill.state is BillState.DUE for bill in bills):
            return tuple(members)
    raise CAST_USED_UP(families=FAMILIES)


def tell_what_to_type(scene: Scene, addresses: Addresses) -> None:
    """Print where everything is and whom to look up. The persons are made up, so they may be printed in full."""
    console = Console()
    table = Table("", "姓名", "身份证号", title="演示家庭（编造的人，没有真人）· a made-up family to look up")
    for member in scene.family:
        table.add_row(member.role, member.name, member.id_no)
    console.print(table)
    console.print(f"pages            {addresses.pages}/")
    console.print(f"verify a voucher {addresses.pages}/verify/")
    console.print(f"intake           {addresses.intake}/health")
    console.print(f"WeChat sandbox   {addresses.sandbox}  control {addresses.sandbox_control}", soft_wrap=True)
    console.print(f"database         {addresses.database}", soft_wrap=True)
    console.print(f"business date    {scene.clock.today().isoformat()}")
    console.print(f"commands beside  {_to_type_before_commands(addresses)}  then canbao --help", soft_wrap=True)
    console.print(
        "Open the pages, look up a person above, and pay in the sandbox's wallet. Ctrl-C stops everything.",
        soft_wrap=True,
    )


def _to_type_before_commands(addresses: Addresses) -> str:
    """What another terminal is told, so that `canbao` is found there and acts on the same day."""
    files = (Path(sys.prefix) / "bin" / "activate", addresses.settings)
    return " && ".join(f". {shlex.quote(os.path.relpath(file))}" for file in files)
