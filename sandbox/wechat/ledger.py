"""The played channel's own ledger: payers' accounts, the merchant's account, and every movement between them:
payments and refunds, the channel's fees and their return, and what the merchant takes to its bank or puts in.

It exists so that tests compare two truths: what the product believes and what the channel really moved. A movement
is one row with a debit and a credit account; balances are kept beside and must always equal their history.
`findings()` is the auditor.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sandbox.clock import to_ms
from sandbox.wechat.errors import SandboxRefusal
from sandbox.wechat.limits import PAYERS_MAX
from sandbox.wechat.refund_audits import REFUND_AUDITS
from sandbox.wechat.store import Ids, Store

# Where payers' money comes from and goes back to; its balance is the negative of everything handed out.
OUTSIDE = "outside"
DEFAULT_BALANCE_FEN = 100_000_000
# What the channel has earned.
FEES = "channel:fees"
FEE_SETTING = "fee_per_million"
MILLION = 1_000_000
# The largest balance and movement: the channel's own amounts are 32-bit, so this is far above any sum of a test.
BALANCE_FEN_MAX = 10**12


class PayerState(StrEnum):
    """Whether a refund reaches this payer: always, nowhere any more, or the account itself is gone."""

    NORMAL = "normal"
    CARD_DEAD = "card_dead"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """One WeChat user of the sandbox: a made-up person."""

    openid: str
    name: str
    balance_fen: int
    state: PayerState = PayerState.NORMAL


class Ledger:
    """Accounts and transfers in the store."""

    def __init__(self, store: Store, ids: Ids) -> None:
        self._store = store
        self._ids = ids

    def create_payer(self, *, name: str, balance_fen: int, openid: str | None, now: datetime) -> Payer:
        """A new payer with this balance; refused where the openid exists or a value makes no sense."""
        if not 0 <= balance_fen <= BALANCE_FEN_MAX:
            raise SandboxRefusal("balance_out_of_range", f"balance_fen {balance_fen} is not 0..{BALANCE_FEN_MAX}.", 400)
        if self._store.number("SELECT count(*) FROM payer") >= PAYERS_MAX:
            raise SandboxRefusal("too_many_payers", f"There are already {PAYERS_MAX} payers; reset the sandbox.")
        with self._store.transaction():
            chosen = openid or self._ids.openid()
            if self._store.row("SELECT 1 FROM payer WHERE openid = ?", (chosen,)):
                raise SandboxRefusal("payer_exists", f"There is already a payer with openid {chosen}.")
            self._store.insert("payer", {"openid": chosen, "name": name, "created_at": to_ms(now)})
            self._ensure(payer_account(chosen))
            if balance_fen:
                self._move(OUTSIDE, payer_account(chosen), balance_fen, "top_up", now)
        return Payer(openid=chosen, name=name, balance_fen=balance_fen)

    def payer(self, openid: str) -> Payer:
        """This payer; refused where unknown."""
        row = self._store.row("SELECT * FROM payer WHERE openid = ?", (openid,))
        if row is None:
            raise SandboxRefusal("payer_unknown", f"There is no payer with openid {openid}; create it first.", 404)
        return Payer(
            openid=openid,
            name=row["name"],
            balance_fen=self.balance_fen(payer_account(openid)),
            state=PayerState(row["state"]),
        )

    def payers(self) -> list[Payer]:
        """All payers, oldest first."""
        return [self.payer(row["openid"]) for row in self._store.rows("SELECT openid FROM payer ORDER BY rowid")]

    def default_payer(self, now: datetime) -> Payer:
        """The first payer; made on first use, with a generous balance."""
        row = self._store.row("SELECT openid FROM payer ORDER BY rowid LIMIT 1")
        if row is not None:
            return self.payer(row["openid"])
        return self.create_payer(name="演示付款人", balance_fen=DEFAULT_BALANCE_FEN, openid=None, now=now)

    def set_balance(self, openid: str, balance_fen: int, now: datetime) -> Payer:
        """Top the payer up or draw down to exactly this balance, as a transfer like any other."""
        if not 0 <= balance_fen <= BALANCE_FEN_MAX:
            raise SandboxRefusal("balance_out_of_range", f"balance_fen {balance_fen} is not 0..{BALANCE_FEN_MAX}.", 400)
        account = payer_account(self.payer(openid).openid)
        change_fen = balance_fen - self.balance_fen(account)
        with self._store.transaction():
            if change_fen > 0:
                self._move(OUTSIDE, account, change_fen, "top_up", now)
            elif change_fen < 0:
                self._move(account, OUTSIDE, -change_fen, "draw_down", now)
        return self.payer(openid)

    def set_payer_state(self, openid: str, state: PayerState) -> Payer:
        """Let the payer's card die or the account be cancelled, or make it whole again."""
        self.payer(openid)
        self._store.run("UPDATE payer SET state = ? WHERE openid = ?", (state.value, openid))
        return self.payer(openid)

    def fee_per_million(self) -> int:
        """What the channel keeps of a million fen taken; 0 until it is set, as public money pays no fee."""
        row = self._store.row("SELECT value FROM setting WHERE name = ?", (FEE_SETTING,))
        return 0 if row is None else int(row["value"])

    def set_fee_per_million(self, rate: int) -> None:
        """Set the fee of payments to come; refused where it is no share of a million."""
        if not 0 <= rate <= MILLION:
            raise SandboxRefusal("fee_out_of_range", f"fee_per_million {rate} is not 0..{MILLION}.", 400)
        self._store.run(
            "INSERT INTO setting VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (FEE_SETTING, rate),
        )

    def capture(
        self, *, openid: str, merchant_ref: str, amount_fen: int, fee_fen: int, transaction_id: str, now: datetime
    ) -> None:
        """Move a payment from payer to merchant, and its fee on; refused where the payer has not enough."""
        account = payer_account(openid)
        if self.balance_fen(account) < amount_fen:
            raise SandboxRefusal("balance_too_low", "付款人余额不足，支付失败；订单仍为未支付。")
        merchant = merchant_account(merchant_ref)
        self._move(account, merchant, amount_fen, "payment", now, transaction_id=transaction_id)
        if fee_fen:
            self._move(merchant, FEES, fee_fen, "fee", now, transaction_id=transaction_id)

    def refund(
        self,
        *,
        merchant_ref: str,
        credit_account: str,
        amount_fen: int,
        fee_return_fen: int,
        refund_id: str,
        now: datetime,
    ) -> bool:
        """Move a refund from merchant to the account it goes to, its share of the fee coming back first.

        False, with nothing moved, where the merchant has not enough.
        """
        merchant = merchant_account(merchant_ref)
        if self.balance_fen(merchant) + fee_return_fen < amount_fen:
            return False
        if fee_return_fen:
            self._move(FEES, merchant, fee_return_fen, "fee_return", now, refund_id=refund_id)
        self._move(merchant, credit_account, amount_fen, "refund", now, refund_id=refund_id)
        return True

    def withdraw(self, merchant_ref: str, amount_fen: int, now: datetime) -> int:
        """Take money of the merchant's to its bank (提现); the balance left. Refused where there is less."""
        held_fen = self.balance_fen(merchant_account(merchant_ref))
        if not 1 <= amount_fen <= held_fen:
            raise SandboxRefusal("balance_out_of_range", f"amount_fen {amount_fen} is not 1..{held_fen}.", 400)
        self._move(merchant_account(merchant_ref), bank_account(merchant_ref), amount_fen, "withdrawal", now)
        return held_fen - amount_fen

    def deposit(self, merchant_ref: str, amount_fen: int, now: datetime) -> int:
        """Put money of the merchant's own in (充值), so that refunds can be made; the balance then."""
        if not 1 <= amount_fen <= BALANCE_FEN_MAX:
            raise SandboxRefusal("balance_out_of_range", f"amount_fen {amount_fen} is not 1..{BALANCE_FEN_MAX}.", 400)
        self._move(OUTSIDE, merchant_account(merchant_ref), amount_fen, "deposit", now)
        return self.balance_fen(merchant_account(merchant_ref))

    def balance_fen(self, account_code: str) -> int:
        """Balance in fen; an unknown account has none."""
        row = self._store.row("SELECT balance_fen FROM account WHERE account_code = ?", (account_code,))
        return 0 if row is None else int(row["balance_fen"])

    def dump(self) -> dict[str, list[dict[str, object]]]:
        """Every account and every transfer, oldest first."""
        return {
            "accounts": [dict(row) for row in self._store.rows("SELECT * FROM account ORDER BY account_code")],
            "transfers": [dict(row) for row in self._store.rows("SELECT * FROM transfer ORDER BY transfer_id")],
        }

    def findings(self) -> list[str]:
        """What is wrong in the book, one sentence each; an empty list when every invariant holds."""
        return [str(row[0]) for statement in (*_AUDITS, *REFUND_AUDITS) for row in self._store.rows(statement)]

    def _ensure(self, account_code: str) -> None:
        self._store.run("INSERT INTO account (account_code) VALUES (?) ON CONFLICT DO NOTHING", (account_code,))

    def _move(
        self,
        debit: str,
        credit: str,
        amount_fen: int,
        kind: str,
        now: datetime,
        *,
        transaction_id: str | None = None,
        refund_id: str | None = None,
    ) -> None:
        assert amount_fen > 0
        with self._store.transaction():
            self._ensure(debit)
            self._ensure(credit)
            self._store.insert(
                "transfer",
                {
                    "debit_account": debit,
                    "credit_account": credit,
                    "amount_fen": amount_fen,
                    "kind": kind,
                    "transaction_id": transaction_id,
                    "refund_id": refund_id,
                    "made_at": to_ms(now),
                },
            )
            change = "UPDATE account SET balance_fen = balance_fen + ? WHERE account_code = ?"
            self._store.run(change, (-amount_fen, debit))
            self._store.run(change, (amount_fen, credit))


def payer_account(openid: str) -> str:
    """The account code of a payer."""
    return f"payer:{openid}"


def merchant_account(merchant_ref: str) -> str:
    """The account code of a merchant."""
    return f"merchant:{merchant_ref}"


def bank_account(merchant_ref: str) -> str:
    """The account code of a merchant's own account at its bank."""
    return f"bank:{merchant_ref}"


def fee_of(amount_fen: int, per_million: int) -> int:
    """The fee on an amount, to the nearest fen, half a fen upwards.

    >>> fee_of(38000, 6000), fee_of(1, 6000), fee_of(250, 6000)
    (228, 0, 2)
    """
    return (amount_fen * per_million + MILLION // 2) // MILLION


_AUDITS = (
    # Every balance equals its history.
    """
    SELECT 'account ' || account_code || ' has balance ' || balance_fen || ', its transfers say ' || history
    FROM (
        SELECT account_code, balance_fen,
               coalesce((SELECT sum(amount_fen) FROM transfer WHERE credit_account = account_code), 0)
             - coalesce((SELECT sum(amount_fen) FROM transfer WHERE debit_account = account_code), 0) AS history
        FROM account
    ) WHERE balance_fen <> history
    """,
    # No money comes from nowhere.
    """
    SELECT 'all accounts together hold ' || total_fen || ' fen, not 0'
    FROM (SELECT sum(balance_fen) AS total_fen FROM account) WHERE total_fen <> 0
    """,
    # No payer owes.
    """
    SELECT 'account ' || account_code || ' is overdrawn: ' || balance_fen FROM account
    WHERE account_code <> 'outside' AND balance_fen < 0
    """,
    # A paid order has its payment, of its amount, between its payer and its merchant.
    """
    SELECT 'order ' || out_trade_no || ' is SUCCESS without a payment of its amount'
    FROM trade_order o WHERE state = 'SUCCESS' AND NOT EXISTS (
        SELECT 1 FROM transfer t
        WHERE t.kind = 'payment' AND t.transaction_id = o.transaction_id AND t.amount_fen = o.total_fen
          AND t.debit_account = 'payer:' || o.openid AND t.credit_account = 'merchant:' || o.merchant_ref)
    """,
    # A payment has its paid order.
    """
    SELECT 'payment ' || transaction_id || ' belongs to no paid order' FROM transfer t
    WHERE kind = 'payment' AND NOT EXISTS (
        SELECT 1 FROM trade_order o WHERE o.transaction_id = t.transaction_id AND o.state = 'SUCCESS')
    """,
    # Nothing happens before it began.
    """
    SELECT 'order ' || out_trade_no || ' was paid or closed before it was made' FROM trade_order
    WHERE coalesce(paid_at, created_at) < created_at OR coalesce(closed_at, created_at) < created_at
    """,
)
