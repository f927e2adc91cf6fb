"""The town that the browser tests walk about in: Nanchang on 15 November 2024, sixty families and a few single people.

Run as a program (`python -m tests.browser.town FOLDER`) it fills the database named in `DATABASE_URL`, as an operator
does at the command line: values published, people imported, the year assessed. Each test takes a family of its own, so
that no test waits for another's order.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from canbao.kernel.regions import RegionCode
from canbao.registry import public as registry
from tests.world import ELDER, OUTSIDER, TWICE, write_register

BUSINESS_DATE = "2024-11-15"
NANCHANG = RegionCode(360100)
SHIJIAZHUANG = RegionCode(130100)
FAMILIES = 60
SEED = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A made-up person, as she types herself in."""

    id_no: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Four who belong together. The grandmother receives minimum living allowance, which no page may tell a payer."""

    payer: Person
    child: Person
    grandmother: Person
    newborn: Person

    def members(self) -> tuple[Person, ...]:
        """All four, the payer first."""
        return (self.payer, self.child, self.grandmother, self.newborn)


OVER_SEVENTY = Person(id_no=ELDER.id_no, name=ELDER.name)
"""The subsidy meets the whole bill."""
REGISTERED_TWICE = Person(id_no=TWICE.id_no, name=TWICE.name)
"""In two regions at once."""
NOBODY = Person(id_no=OUTSIDER.id_no, name=OUTSIDER.name)
"""A sound number in no register."""


def family(number: int) -> Family:
    """One family of the cast; the same number gives the same family."""
    made = registry.demo_family(NANCHANG, seed=SEED, family=number, on=date.fromisoformat(BUSINESS_DATE))
    payer, child, grandmother, newborn = (Person(id_no=one.id_no, name=one.name) for one in made.members())
    return Family(payer=payer, child=child, grandmother=grandmother, newborn=newborn)


def found(folder: Path) -> None:
    """Publish, import and assess in the database of this process."""
    from canbao.journeys.assess_year import assess_year
    from canbao.journeys.import_register import import_register
    from canbao.journeys.publish_policy import publish_policy
    from canbao.kernel.environment import process_clock
    from canbao.policy import public as policy

    clock = process_clock()
    publish_policy(policy.shipped_files(), by="a clerk", clock=clock)
    families = folder / "families.csv"
    registry.write_made_up_register(families, NANCHANG, persons=4 * FAMILIES, seed=SEED, on=clock.today())
    import_register(NANCHANG, families, clock=clock, processes=1)
    import_register(NANCHANG, write_register(folder / "singles.csv", [ELDER, TWICE]), clock=clock, processes=1)
    import_register(SHIJIAZHUANG, write_register(folder / "twice.csv", [TWICE]), clock=clock, processes=1)
    assess_year(NANCHANG, policy.RESIDENT_MEDICAL, 2025, clock=clock)


if __name__ == "__main__":
    from canbao.site.start import prepare

    prepare()
    found(Path(sys.argv[1]))
