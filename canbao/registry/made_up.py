"""Made-up registers: persons in families, with sound numbers, the same for the same seed on every machine.

Each family is a function of region, seed and its place, so one family can be told without making the others. The
first hundred families of every seed are the cast of the demonstration: a payer, a child at school, a grandmother on
minimum living allowance (born 1957, so that no rule for the over-seventies applies), and a newborn. No number of a
file comes twice: family, member and day of birth share out the sequence numbers of each county.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from random import Random

from canbao.kernel.regions import RegionCode
from canbao.registry import made_up_names as names
from canbao.registry.id_documents import check_character, counties_of
from canbao.rulebook.identities import IdentityCode

DEMO_FAMILIES = 100
"""How many families of a seed are the cast of the demonstration."""

NEWBORN_DAYS = 60
GRANDMOTHER_BORN = 1957

_SEQUENCES = 500
_DAYS_PER_MEMBER = 60
_MEMBERS_MAX = 6
_PLACES = (
    "青云",
    "东湖",
    "西湖",
    "湾里",
    "前进",
    "胜利",
    "团结",
    "幸福",
    "新华",
    "光明",
    "和平",
    "红星",
    "北山",
    "南溪",
)
_GROWN_UP_IDENTITIES = (
    (IdentityCode.MINIMUM_LIVING, 50),
    (IdentityCode.SEVERELY_DISABLED, 15),
    (IdentityCode.MONITORED_UNSTABLE, 10),
    (IdentityCode.MONITORED_MARGINAL, 10),
    (IdentityCode.DESTITUTE, 10),
    (IdentityCode.RETURNED_POOR, 5),
)
_MINOR_IDENTITIES = (
    (IdentityCode.MINIMUM_LIVING, 60),
    (IdentityCode.UNSUPPORTED_CHILD, 20),
    (IdentityCode.ORPHAN, 10),
    (IdentityCode.SEVERELY_DISABLED, 10),
)
_IDENTITY_PER_THOUSAND = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeUpPerson:
    """A person who does not exist, as a row of a register file states her."""

    id_no: str
    name: str
    family_no: str
    category_code: str
    identities: str
    enrolled_on: date
    born_on: date
    last_insured_year: int | None
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoFamily:
    """A family of the demonstration's cast."""

    payer: MadeUpPerson
    child: MadeUpPerson
    grandmother: MadeUpPerson
    newborn: MadeUpPerson

    def members(self) -> tuple[MadeUpPerson, ...]:
        """All four, the payer first."""
        return (self.payer, self.child, self.grandmother, self.newborn)


def demo_family(region: RegionCode, *, seed: int, family: int, on: date) -> DemoFamily:
    """Family number `family` of the cast. Raises ValueError outside 0 to 99."""
    if not 0 <= family < DEMO_FAMILIES:
        message = f"the cast has families 0 to {DEMO_FAMILIES - 1}, not {family}"
        raise ValueError(message)
    maker = _FamilyMaker(region, seed, family, on)
    payer_is_male = maker.random.randrange(2) == 1
    payer = maker.person(0, is_male=payer_is_male, born_on=maker.day(0, on.year - 33 - family % 12))
    child = maker.person(1, is_male=maker.random.randrange(2) == 1, born_on=maker.day(1, on.year - 8 - family % 7))
    grandmother = maker.person(
        2,
        is_male=False,
        born_on=maker.day(2, GRANDMOTHER_BORN),
        identities=f"{IdentityCode.MINIMUM_LIVING}:2020-01-01:",
        name=names.minority_name(maker.random)
        if maker.is_minority
        else names.surname(maker.random) + names.GRANDMOTHERS[family % len(names.GRANDMOTHERS)],
    )
    newborn = maker.person(3, is_male=maker.random.randrange(2) == 1, born_on=maker.newborn_day(), is_newborn=True)
    return DemoFamily(payer=payer, child=child, grandmother=grandmother, newborn=newborn)


def made_up_persons(region: RegionCode, *, persons: int, seed: int, on: date) -> Iterator[MadeUpPerson]:
    """So many persons in families, the cast first. Raises ValueError when a region has no numbers for so many."""
    if persons > 2 * _families_max(region):
        message = f"at most {2 * _families_max(region)} made-up persons fit into region {region}"
        raise ValueError(message)
    return islice(_everyone(region, seed, on), persons)


def _families_max(region: RegionCode) -> int:
    return _SEQUENCES * _DAYS_PER_MEMBER * len(counties_of(region))


def _everyone(region: RegionCode, seed: int, on: date) -> Iterator[MadeUpPerson]:
    newborns: set[str] = set()
    for family in range(_families_max(region)):
        if family < DEMO_FAMILIES:
            yield from demo_family(region, seed=seed, family=family, on=on).members()
            continue
        for person in _FamilyMaker(region, seed, family, on).members():
            # The days of the newborn are few, so in a file of a million some numbers would come twice.
            if person.category_code == "1401":
                if person.id_no in newborns:
                    continue
                newborns.add(person.id_no)
            yield person


class _FamilyMaker:
    """Makes the members of one family."""

    def __init__(self, region: RegionCode, seed: int, family: int, on: date) -> None:
        self.random = Random(f"{region}:{seed}:{family}")
        self._on = on
        counties = counties_of(region)
        self._county = counties[family % len(counties)]
        slot, self._block = family // len(counties) % _SEQUENCES, family // len(counties) // _SEQUENCES
        # Scatter sequence numbers and days, the same way for every family of a seed, so that none meet.
        self._sequence = (slot * 257 + seed * 91) % _SEQUENCES
        self._scatter = (slot * 101 + seed * 17 + family % len(counties) * 29) % 365
        self._family_no = f"H{family:08d}"
        self._place = f"{self.random.choice(_PLACES)}{self.random.choice(('社区', '村'))}"
        self.is_minority = family % 10 == 3 if family < DEMO_FAMILIES else names.is_minority_family(self.random)
        self._surname = names.surname(self.random)

    def members(self) -> Iterator[MadeUpPerson]:
        """A family as they are: one or two grown-ups, often children, sometimes a grandparent or a newborn."""
        random, year = self.random, self._on.year
        first_age = random.randrange(24, 70)
        first_is_male = random.randrange(2) == 1
        yield self.person(0, is_male=first_is_male, born_on=self.day(0, year - first_age))
        if random.randrange(100) < 75:
            age = max(20, first_age + random.randrange(-4, 5))
            yield self.person(1, is_male=not first_is_male, born_on=self.day(1, year - age))
        for member in range(2, 2 + random.choice((0, 1, 1, 1, 2, 2))):
            age = max(1, min(24, first_age - random.randrange(22, 32)))
            yield self.person(member, is_male=random.randrange(2) == 1, born_on=self.day(member, year - age))
        if random.randrange(100) < 25:
            age = min(97, first_age + random.randrange(20, 32))
            yield self.person(4, is_male=random.randrange(5) < 2, born_on=self.day(4, year - age))
        if first_age < 45 and random.randrange(100) < 6:
            yield self.person(5, is_male=random.randrange(2) == 1, born_on=self.newborn_day(), is_newborn=True)

    def day(self, member: int, year: int) -> date:
        """A day of birth in a year that no other family with this county and sequence number has for this member."""
        return date(year, 1, 1) + timedelta(days=(self._scatter + self._block + member * _DAYS_PER_MEMBER) % 365)

    def newborn_day(self) -> date:
        """A day within the sixty before the business date."""
        return self._on - timedelta(days=5 + (self._scatter + self._block) % NEWBORN_DAYS)

    def person(
        self,
        member: int,
        *,
        is_male: bool,
        born_on: date,
        is_newborn: bool = False,
        identities: str | None = None,
        name: str | None = None,
    ) -> MadeUpPerson:
        """One member with her number, name, category and dates."""
        assert member < _MEMBERS_MAX, "days of birth are shared out among six members"
        age = self._on.year - born_on.year
        first_seventeen = f"{self._county}{born_on:%Y%m%d}{2 * self._sequence + is_male:03d}"
        return MadeUpPerson(
            id_no=first_seventeen + check_character(first_seventeen),
            name=name or self._name(is_male),
            family_no=self._family_no,
            category_code="1401" if is_newborn else self._category(age),
            identities=self._identities(age) if identities is None else identities,
            enrolled_on=self._enrolled_on(born_on),
            born_on=born_on,
            last_insured_year=None if is_newborn else self._last_insured_year(),
            place=self._place,
        )

    def _name(self, is_male: bool) -> str:
        if self.is_minority:
            return names.minority_name(self.random)
        return self._surname + names.given_name(self.random, is_male=is_male)

    def _category(self, age: int) -> str:
        if age < 6:
            return "1402"
        if age < 18:
            return "1405" if self.random.randrange(50) == 0 else "1403"
        return "1404" if age < 23 and self.random.randrange(2) else "1501"

    def _identities(self, age: int) -> str:
        if self._family_no < f"H{DEMO_FAMILIES:08d}" or self.random.randrange(1000) >= _IDENTITY_PER_THOUSAND:
            return ""
        codes, weights = zip(*(_MINOR_IDENTITIES if age < 18 else _GROWN_UP_IDENTITIES), strict=True)
        code = self.random.choices(codes, weights)[0]
        begins = date(self._on.year - self.random.randrange(1, 5), self.random.randrange(1, 13), 1)
        has_ended = self.random.randrange(10) == 0
        ends = date(self._on.year, self.random.randrange(1, 13), 1) if has_ended else None
        return f"{code}:{begins}:{ends or ''}"

    def _enrolled_on(self, born_on: date) -> date:
        earliest = max(born_on + timedelta(days=1), date(self._on.year - 12, 1, 1))
        return earliest + timedelta(days=self.random.randrange(max(1, (self._on - earliest).days)))

    def _last_insured_year(self) -> int:
        if self._family_no < f"H{DEMO_FAMILIES:08d}" or self.random.randrange(100) < 94:
            return self._on.year
        return self._on.year - self.random.randrange(1, 6)
