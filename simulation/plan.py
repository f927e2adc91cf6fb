"""From a seed to a history: what everybody does on every day, drawn before anything happens.

The history is drawn whole and then played, so that steps can be left out and the rest stays what it was. Every payer
has a household of her own each day and a small story: she presses pay, perhaps twice or on two phones, pays at once,
late, or never, asks, gives up, comes back days later. Between the stories the channel breaks, lies and repeats itself,
workers die, operators act.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from sandbox.wechat.faults import CATALOGUE, Endpoint, Fault, Stage
from simulation.steps import Act, Step
from simulation.town import BASKETS

DAY_S = 86_400
OPENING_S, CLOSING_S = 7 * 3600, 21 * 3600
"""Payers begin their stories in these hours."""

INTAKE_MOMENTS, WORK_MOMENTS, ACT_MOMENTS, EARLY_MOMENTS = 6, 40, 14, 7
"""How many moments what is named goes through, about: a fate is drawn among them."""

COMPARE_MOMENTS, CLOSE_MOMENTS = 60, 30
"""The same of comparing a day with its statement, and of closing it."""

CLOSED_FROM_S = 13 * 3600
"""When the office begins to close days: yesterday is compared by then."""

COMPARISONS = ((10 * 3600 + 30, Act.COMPARE, 1.0), (11 * 3600, Act.COMPARE, 0.3), (12 * 3600, Act.ALARM, 1.0))
"""When the schedule compares, in seconds of the day, and how often at all: it may every half hour until noon."""

FEES_PER_MILLION = (0, 2000, 6000, 6000)
"""What the channel keeps of what is paid, where it keeps anything."""

LIFE_S = 900
"""What an order lives, which is what payers wait for."""

OWN_FAULTS = {
    "worker_dies": "a process dies between any two statements, commits or words on the wire",
    "overlap": "somebody else acts in the middle of what a process does",
    "worker_away": "no worker runs for up to two hours",
    "intake_deaf": "no notice is heard for up to two hours",
    "lie": "a properly signed notice tells of money that never moved",
    "replay": "an old notice comes again, also byte for byte",
    "card_dead": "a payer's account takes no refund",
    "merchant_short": "our money at the channel is withdrawn",
    "operator": "an operator acts twice, late, on old figures, or where somebody else has to",
    "fee": "the channel keeps a share of what is paid",
}
"""Faults that are not the channel's: by name, what each does."""

_CALL_CODES = ("SYSTEM_ERROR", "FREQUENCY_LIMITED", "NO_AUTH", "PARAM_ERROR", "SIGN_ERROR")
_CODES = {
    Endpoint.ORDER: (*_CALL_CODES, "OUT_TRADE_NO_USED", "RULE_LIMIT", "ORDER_CLOSED"),
    Endpoint.QUERY: (*_CALL_CODES, "ORDER_NOT_EXIST"),
    Endpoint.CLOSE: (*_CALL_CODES, "TRADE_ERROR", "ORDER_NOT_EXIST"),
    Endpoint.REFUND: (*_CALL_CODES, "NOT_ENOUGH", "USER_ACCOUNT_ABNORMAL", "INVALID_REQUEST", "TRADE_OVERDUE"),
    Endpoint.REFUND_QUERY: (*_CALL_CODES, "RESOURCE_NOT_EXISTS"),
}
_ELSEWHERE = frozenset({Fault.BEFORE_CREATE_ANSWER, Fault.PAID_AFTER_CLOSE, Fault.PAID_WHILE_CLOSING})
"""Faults of calls that stand on one endpoint only."""

_CALM = frozenset({Fault.STATEMENT_MANY_ROWS, Fault.STATEMENT_ZIP_BOMB})
"""Faults that are never drawn: a gigabyte takes too long."""


def fault_names() -> list[str]:
    """Every fault that can be asked for by name."""
    return sorted([*(fault.value for fault in Fault if fault not in _CALM), *OWN_FAULTS])


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How much happens: days, payers a day, and which faults may."""

    days: int
    payers: int
    faults: frozenset[str]

    @property
    def houses_count(self) -> int:
        """Households that the stories are told of."""
        return self.days * self.payers


def draw_history(seed: int, shape: Shape) -> list[Step]:
    """The history of a seed, in the order in which it happens, numbered from 1."""
    drawn: list[Step] = []
    for day in range(shape.days):
        chance = random.Random(f"{seed}:{day}")
        author = _Author(chance, shape, day)
        drawn += sorted(author.day(), key=lambda step: step.at_s)
    return [replace(step, no=number) for number, step in enumerate(drawn, start=1)]


class _Author:
    """Draws one day."""

    def __init__(self, chance: random.Random, shape: Shape, day: int) -> None:
        self._chance = chance
        self._shape = shape
        self._day = day
        known = {fault.value: fault for fault in Fault if fault not in _CALM}
        allowed = [known[name] for name in sorted(known.keys() & shape.faults)]
        self._calls = [one for one in allowed if CATALOGUE[one].stage is Stage.CALL and one not in _ELSEWHERE]
        self._notices = [one for one in allowed if CATALOGUE[one].stage is Stage.NOTICE]
        self._statements = [one for one in allowed if CATALOGUE[one].stage is Stage.STATEMENT]
        self._others = [one for one in allowed if CATALOGUE[one].stage in (Stage.PAY, Stage.EXPIRY, Stage.REFUND)]
        self._at_close = [one for one in allowed if one in (Fault.PAID_AFTER_CLOSE, Fault.PAID_WHILE_CLOSING)]
        self._at_order = [one for one in allowed if one is Fault.BEFORE_CREATE_ANSWER]

    def day(self) -> Iterator[Step]:
        """Everything of the day, in no order."""
        for payer in range(self._shape.payers):
            yield from self._story(self._day * self._shape.payers + payer)
        if self._day and self._chance.random() < 0.6:
            # Somebody of an earlier day comes back.
            yield from self._story(self._chance.randrange(self._day * self._shape.payers))
        yield from self._troubles()

    def _may(self, name: str, probability: float) -> bool:
        return self._chance.random() < probability and name in self._shape.faults

    def _step(self, act: Act, at_s: float, *, house: int = 0, tab: int = 0, which: int = 0, span_s: int = 0) -> Step:
        return Step(
            no=0,
            day=self._day,
            at_s=min(round(at_s), DAY_S - 1),
            act=act,
            house=house,
            tab=tab,
            which=which,
            span_s=span_s,
        )

    def _story(self, house: int) -> Iterator[Step]:
        """One household's day: one member, or two who want the same."""
        chance = self._chance
        at_s = chance.uniform(OPENING_S, CLOSING_S)
        tabs = chance.sample(range(len(BASKETS)), k=chance.choice((1, 1, 2)))
        for tab in tabs:
            yield from self._visit(house, tab, at_s)
            # The other phone: at the same time, after she gave up, or after the first order's time is over.
            at_s += chance.choice((2, 20, 300, LIFE_S + 60, 2 * LIFE_S))

    def _visit(self, house: int, tab: int, at_s: float) -> Iterator[Step]:
        chance = self._chance
        yield self._disturbed(self._step(Act.OPEN, at_s, house=house, tab=tab), Endpoint.ORDER, self._at_order)
        if chance.random() < 0.25:
            at_s += chance.choice((1, 3, 40))
            yield self._disturbed(self._step(Act.PRESS, at_s, house=house, tab=tab), Endpoint.ORDER)
        if chance.random() < 0.2:
            at_s += chance.uniform(5, 400)
            yield self._disturbed(self._step(Act.WALLET, at_s, house=house, tab=tab), Endpoint.ORDER)
        if chance.random() < 0.25:
            yield self._disturbed(
                self._step(Act.CLOSE, at_s + chance.uniform(5, 600), house=house, tab=tab),
                Endpoint.CLOSE,
                self._at_close,
            )
        if chance.random() < 0.8:
            # At once, after a while, in the last seconds, too late; now and then a second time.
            waited = chance.choice((8, 30, 120, 600, LIFE_S - 2, LIFE_S + 20, 2 * LIFE_S))
            yield from self._dooms(house, tab, at_s + waited - 1)
            yield self._step(Act.PAY, at_s + waited, house=house, tab=tab, which=chance.choice((0, 0, 0, 1)))
            if chance.random() < 0.5:
                waited += chance.choice((1, 4, 15, 60))
                yield self._disturbed(self._step(Act.ASK, at_s + waited, house=house, tab=tab), Endpoint.QUERY)
            if chance.random() < 0.15:
                yield self._step(Act.PAY, at_s + waited + 30, house=house, tab=tab, which=1)
        if self._may("lie", 0.12):
            lie = self._step(Act.LIE, at_s + chance.uniform(1, 2 * LIFE_S), house=house, tab=tab)
            yield replace(lie, amount_fen=chance.choice((0, 0, 1, -1, 20_000)), which=chance.choice((0, 0, 0, 1)))

    def _disturbed(self, step: Step, endpoint: Endpoint, also: Sequence[Fault] = ()) -> Step:
        """The step, perhaps with a fault of the channel, a death, or somebody who acts in the middle of it."""
        chance = self._chance
        faults = [*self._calls, *also, *also, *also]
        if faults and chance.random() < 0.3:
            step = self._broken(step, chance.choice(faults), endpoint)
        if self._may("worker_dies", 0.12):
            step = replace(step, die_at=chance.randint(1, ACT_MOMENTS))
        if self._may("overlap", 0.2):
            # Whoever does the same at the same time is the likeliest to be in the way, and early.
            meanwhile = chance.choice((step.act, *_MEANWHILE)) if chance.random() < 0.5 else step.act
            moments = EARLY_MOMENTS if meanwhile is step.act else ACT_MOMENTS
            return replace(step, meanwhile_at=chance.randint(1, moments), meanwhile=meanwhile)
        return step

    def _broken(self, step: Step, fault: Fault, endpoint: Endpoint) -> Step:
        chance = self._chance
        code = chance.choice(_CODES.get(endpoint, _CALL_CODES)) if "error_code" in fault else ""
        return replace(
            step, fault=fault.value, endpoint=endpoint.value, code=code, times=chance.choice((1, 1, 1, 2)), span_s=30
        )

    def _dooms(self, house: int, tab: int, at_s: float) -> Iterator[Step]:
        """What befalls the next delivery of a notice and the next worker: they die, or are met by somebody."""
        chance = self._chance
        for act, moments in ((Act.NOTICES, INTAKE_MOMENTS), (Act.WORK, WORK_MOMENTS)):
            doom = self._step(act, at_s, house=house, tab=tab)
            if self._may("worker_dies", 0.25):
                yield replace(doom, die_at=chance.randint(1, moments))
            elif self._may("overlap", 0.25):
                yield replace(doom, meanwhile_at=chance.randint(1, moments), meanwhile=chance.choice(_MEANWHILE))

    def _troubles(self) -> Iterator[Step]:
        """What happens to everybody: the channel, the workers, the operators."""
        chance = self._chance
        for _ in range(chance.randint(0, self._shape.payers)):
            house = chance.randrange((self._day + 1) * self._shape.payers)
            yield from self._dooms(house, chance.randrange(len(BASKETS)), chance.uniform(OPENING_S, CLOSING_S))
        yield from self._comparisons()
        yield from self._closings()
        yield from self._channel_troubles()
        if self._may("worker_away", 0.3):
            span_s = chance.choice((600, 3600, 7200))
            yield self._step(Act.AWAY, chance.uniform(OPENING_S, CLOSING_S), span_s=span_s)
        if self._may("intake_deaf", 0.3):
            span_s = chance.choice((60, 900, 7200))
            yield self._step(Act.DEAF, chance.uniform(OPENING_S, CLOSING_S), span_s=span_s)
        if self._may("replay", 0.5):
            yield self._step(Act.REPLAY, chance.uniform(OPENING_S, DAY_S), which=chance.randrange(100))
        yield from self._money_troubles()

    def _comparisons(self) -> Iterator[Step]:
        """What the schedule does with yesterday's statement, when it is there and until it is missed."""
        chance = self._chance
        for at_s, act, probability in COMPARISONS:
            if chance.random() >= probability:
                continue
            step = self._step(act, at_s)
            if self._statements and chance.random() < 0.35:
                step = self._broken(step, chance.choice(self._statements), Endpoint.ANY)
            elif self._calls and chance.random() < 0.1:
                step = self._broken(step, chance.choice(self._calls), chance.choice(_OF_STATEMENTS))
            if self._may("worker_dies", 0.2):
                step = replace(step, die_at=chance.randint(1, COMPARE_MOMENTS))
            elif self._may("overlap", 0.2):
                step = replace(step, meanwhile_at=chance.randint(1, COMPARE_MOMENTS), meanwhile=chance.choice(_BETWEEN))
            yield step

    def _closings(self) -> Iterator[Step]:
        """The office of the afternoon: days are closed, and what they brought goes to the treasury. Not every day."""
        chance = self._chance
        if chance.random() < 0.5:
            at_s = chance.uniform(CLOSED_FROM_S, CLOSING_S)
            for _ in range(chance.choice((1, 1, 2))):
                step = self._step(Act.SHUT, at_s, which=chance.randrange(1000))
                if self._may("worker_dies", 0.15):
                    step = replace(step, die_at=chance.randint(1, CLOSE_MOMENTS))
                elif self._may("overlap", 0.3):
                    other = chance.choice((Act.SHUT, *_BETWEEN))
                    step = replace(step, meanwhile_at=chance.randint(1, CLOSE_MOMENTS), meanwhile=other)
                yield step
                at_s += chance.uniform(1, 600)
                yield self._step(Act.BOOK, at_s - 0.5, which=chance.randrange(1000))
        if self._day:
            for _ in range(chance.choice((0, 1, 2))):
                step = self._step(Act.BOOK, chance.uniform(CLOSED_FROM_S, CLOSING_S), which=chance.randrange(1000))
                if self._may("worker_dies", 0.1):
                    step = replace(step, die_at=chance.randint(1, ACT_MOMENTS))
                elif self._may("overlap", 0.3):
                    step = replace(step, meanwhile_at=chance.randint(1, ACT_MOMENTS), meanwhile=Act.BOOK)
                yield step

    def _channel_troubles(self) -> Iterator[Step]:
        chance = self._chance
        for _ in range(chance.randint(0, 3)):
            at_s = chance.uniform(OPENING_S, CLOSING_S)
            if self._notices and chance.random() < 0.6:
                fault = chance.choice(self._notices)
                place = Endpoint.REFUND_NOTICE if fault is Fault.NOTICE_WRONG_REFUND else Endpoint.NOTICE
                yield self._rule(at_s, fault, place)
            elif self._others and chance.random() < 0.6:
                fault = chance.choice(self._others)
                yield self._rule(at_s, fault, CATALOGUE[fault].default)
            elif self._calls:
                yield self._rule(at_s, chance.choice(self._calls), chance.choice(_BREAKABLE))
        yield self._step(Act.CALM, chance.uniform(CLOSING_S, CLOSING_S + 7200))

    def _rule(self, at_s: float, fault: Fault, endpoint: Endpoint) -> Step:
        step = self._broken(self._step(Act.FAULT, at_s), fault, endpoint)
        return replace(
            step,
            times=self._chance.choice((1, 1, 2, 5, 0)),
            span_s=self._chance.choice((5, 60, 3600)),
            amount_fen=self._chance.choice((1, -1, 100)),
        )

    def _money_troubles(self) -> Iterator[Step]:
        chance = self._chance
        if self._may("card_dead", 0.3):
            yield self._step(Act.CARD, chance.uniform(0, DAY_S), which=chance.randrange(100))
        if self._may("merchant_short", 0.2):
            at_s = chance.uniform(OPENING_S, CLOSING_S)
            yield self._step(Act.SHORT, at_s)
            yield self._step(Act.TOP_UP, at_s + chance.uniform(600, 7200))
        if self._may("refund_stuck", 0.5):
            yield self._step(Act.FINISH, chance.uniform(OPENING_S, CLOSING_S), which=chance.randrange(100))
        if self._may("fee", 0.4):
            step = self._step(Act.FEE, chance.uniform(0, OPENING_S))
            yield replace(step, amount_fen=chance.choice(FEES_PER_MILLION))
        for _ in range(4):
            if self._may("operator", 0.6):
                yield self._disturbed(
                    self._step(Act.RESOLVE, chance.uniform(OPENING_S, CLOSING_S), which=chance.randrange(1000)),
                    Endpoint.REFUND,
                )
        for _ in range(5):
            if self._may("operator", 0.7):
                yield self._disturbed(
                    self._step(Act.OPERATE, chance.uniform(OPENING_S, CLOSING_S), which=chance.randrange(1000)),
                    Endpoint.REFUND,
                )


_MEANWHILE = (Act.WORK, Act.WORK, Act.NOTICES, Act.PAY, Act.ASK, Act.CLOSE, Act.OPEN)
_BETWEEN = (Act.WORK, Act.COMPARE, Act.OPERATE, Act.NOTICES)
_OF_STATEMENTS = (Endpoint.TRADE_BILL, Endpoint.FUND_BILL, Endpoint.BILL_FILE)
_BREAKABLE = (Endpoint.ANY, Endpoint.QUERY, Endpoint.CLOSE, Endpoint.ORDER, Endpoint.REFUND, Endpoint.REFUND_QUERY)


def faults_of(text: str) -> frozenset[str]:
    """The faults that `--faults` asks for: `all`, `none`, or names with commas. Raises ValueError naming a stranger."""
    if text == "none":
        return frozenset()
    known = fault_names()
    if text == "all":
        return frozenset(known)
    wanted: Collection[str] = [name.strip() for name in text.split(",") if name.strip()]
    strangers = [name for name in wanted if name not in known]
    if strangers or not wanted:
        message = f"There is no fault {', '.join(strangers) or 'of no name'}; there are: {', '.join(known)}."
        raise ValueError(message)
    return frozenset(wanted)
