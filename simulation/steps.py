"""What can happen in a day, each step said whole, so that a history can be printed, shortened and played again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Act(StrEnum):
    """What a step does.

    open      a payer presses pay on a basket                 press     the same press once more, with the same key
    wallet    she opens the wallet again                      pay       somebody pays in a wallet that was opened
    ask       she says that she has paid                      close     she wants another way
    lie       a signed notice of money that never moved       replay    an old notice once more
    fault     from now on the channel breaks so               calm      all faults are mended
    work      the next worker that has work meets its fate    away      nobody works for a while
    notices   the next delivery of notices meets its fate     deaf      no notice is heard for a while
    card      a payer's account stops taking refunds          short     our money at the channel runs short
    top_up    somebody pays in at the channel                 finish    a refund in work ends now
    operate   an operator looks at a refund, or at money that waits
    resolve   an operator looks at a discrepancy              fee       what the channel keeps of payments changes
    compare   the schedule compares what days are over        alarm     the same, and what is missing is told
    shut      somebody closes a day of the channel            book      money of closed days goes to the treasury
    """

    OPEN = "open"
    PRESS = "press"
    WALLET = "wallet"
    PAY = "pay"
    ASK = "ask"
    CLOSE = "close"
    LIE = "lie"
    REPLAY = "replay"
    FAULT = "fault"
    CALM = "calm"
    WORK = "work"
    AWAY = "away"
    NOTICES = "notices"
    DEAF = "deaf"
    CARD = "card"
    SHORT = "short"
    TOP_UP = "top_up"
    FINISH = "finish"
    OPERATE = "operate"
    COMPARE = "compare"
    ALARM = "alarm"
    RESOLVE = "resolve"
    SHUT = "shut"
    BOOK = "book"
    FEE = "fee"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step. `no` names it in its history; `at_s` is the second of the day, `span_s` how long something lasts.

    `which` chooses among whatever there is to choose from when the step is taken; `fault` is a fault of the channel, on
    `endpoint` for `times` calls (0 for all); `die_at` and `meanwhile_at` are moments, from 1.
    """

    no: int
    day: int
    at_s: int
    act: Act
    house: int = 0
    tab: int = 0
    which: int = 0
    amount_fen: int = 0
    span_s: int = 0
    fault: str = ""
    endpoint: str = ""
    code: str = ""
    times: int = 1
    die_at: int = 0
    meanwhile_at: int = 0
    meanwhile: Act | None = None

    def told(self) -> str:
        """The step in one line."""
        hour, minute = divmod(self.at_s // 60, 60)
        parts = [f"#{self.no} day {self.day} {hour:02d}:{minute:02d}:{self.at_s % 60:02d} {self.act}"]
        if self.act in OF_A_BASKET:
            parts.append(f"house {self.house} tab {self.tab}")
        if self.fault:
            often = "always" if self.times == 0 else f"{self.times}x"
            parts.append(f"[{self.fault} {self.endpoint} {self.code} {often}]".replace("  ", " "))
        for name in ("which", "amount_fen", "span_s"):
            if getattr(self, name):
                parts.append(f"{name}={getattr(self, name)}")
        if self.die_at:
            parts.append(f"dies at moment {self.die_at}")
        if self.meanwhile is not None:
            parts.append(f"meanwhile at moment {self.meanwhile_at}: {self.meanwhile}")
        return " ".join(parts)


OF_A_BASKET = frozenset({Act.OPEN, Act.PRESS, Act.WALLET, Act.PAY, Act.ASK, Act.CLOSE, Act.LIE})
