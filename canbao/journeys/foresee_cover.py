"""What paying a bill on a day would buy: asked by the pages before money moves, and by the payment itself."""

from __future__ import annotations

from datetime import date

from canbao.billing.public import Bill
from canbao.kernel.errors import CanbaoError
from canbao.registry.public import Person
from canbao.rulebook.entitlement import Cover, CoverFacts, cover_of, lapsed_full_years
from canbao.rulebook.parameters import RegionYear


def foresee_cover(bill: Bill, person: Person, parameters: RegionYear, *, paid_on: date) -> Cover | None:
    """The cover that a payment on that day would buy; None where only a counter can settle a fact the rule needs."""
    facts = CoverFacts(
        insured_year=bill.insured_year,
        born_on=person.born_on,
        category_code=person.category_code or "",
        identity_codes=person.identity_codes_on(paid_on),
        paid_on=paid_on,
        lapsed_years=lapsed_full_years(person.last_insured_year, person.born_on, parameters),
    )
    try:
        return cover_of(facts, parameters)
    except CanbaoError:
        return None
