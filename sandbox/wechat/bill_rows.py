"""What a day's bill tells, read from the channel's own book one line at a time.

A payment belongs to the day it was paid in China, not the day its order was placed; unpaid orders belong to none. A
refund belongs to the day it was asked for, in the state it had when that day ended: what happened to it later changes
nothing in the bill. A movement of the account belongs to the day the money moved. The same book gives the same lines
however often and however late they are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from sqlite3 import Row

from sandbox.clock import BEIJING, to_ms
from sandbox.wechat.bill_lines import NO_SUB_MERCHANT, BillType, FundLine, RefundPart, RefundWord, TradeLine, yuan
from sandbox.wechat.fields import Scope
from sandbox.wechat.keys import Keys
from sandbox.wechat.ledger import merchant_account
from sandbox.wechat.orders import TRADE_TYPE
from sandbox.wechat.store import Store

_TRADE_TYPE = {kind.value: word for kind, word in TRADE_TYPE.items()}
_DIRECT = Scope.DIRECT.value
_MADE_BY = {"api": "API", "clerk": "WEB"}

_TRADES = """
SELECT o.paid_at AS at, 0 AS is_refund, o.rowid AS place,
       o.scope, o.kind, o.transaction_id, o.out_trade_no, o.openid, o.description, o.attach,
       o.total_fen, o.fee_fen, o.fee_per_million, o.paid_at,
       NULL AS out_refund_no, NULL AS refund_id, NULL AS amount_fen, NULL AS asked_at, NULL AS success_at,
       NULL AS refund_closed_at, 0 AS fee_return_fen, 0 AS is_rerouted, 0 AS is_bounced
FROM trade_order o
WHERE :is_paid AND o.merchant_ref IN (:first, :second) AND o.paid_at >= :since AND o.paid_at < :until
UNION ALL
SELECT r.asked_at, 1, r.rowid,
       o.scope, o.kind, o.transaction_id, o.out_trade_no, o.openid, o.description, o.attach,
       o.total_fen, o.fee_fen, o.fee_per_million, o.paid_at,
       r.out_refund_no, r.refund_id, r.amount_fen, r.asked_at, r.success_at,
       r.closed_at, r.fee_return_fen, r.is_rerouted,
       EXISTS (SELECT 1 FROM notice n
               WHERE n.out_trade_no = r.out_trade_no AND n.out_refund_no = r.out_refund_no
                 AND n.event_type = 'REFUND.ABNORMAL' AND n.created_at < :until)
FROM refund r JOIN trade_order o ON o.transaction_id = r.transaction_id
WHERE :is_refunded AND r.merchant_ref IN (:first, :second) AND r.asked_at >= :since AND r.asked_at < :until
ORDER BY at, is_refund, place
"""

_FUNDS = """
SELECT t.transfer_id, t.kind, t.amount_fen, t.made_at, t.credit_account = :account AS is_income,
       coalesce(t.transaction_id, t.refund_id, '') AS business_ref,
       coalesce(o.out_trade_no, r.out_trade_no, '') AS out_trade_no,
       coalesce(r.out_refund_no, o.out_trade_no, '') AS voucher_ref,
       coalesce(r.source, '') AS source, coalesce(r.fee_return_fen, 0) AS fee_return_fen
FROM transfer t
LEFT JOIN trade_order o ON o.transaction_id = t.transaction_id
LEFT JOIN refund r ON r.refund_id = t.refund_id
WHERE t.made_at >= :since AND t.made_at < :until AND :account IN (t.credit_account, t.debit_account)
ORDER BY t.made_at, t.transfer_id
"""

_OPENING = """
SELECT coalesce(sum(CASE WHEN credit_account = ? THEN amount_fen ELSE -amount_fen END), 0)
FROM transfer WHERE made_at < ? AND ? IN (credit_account, debit_account)
"""

# Name and kind of a movement in a fund bill, by the kind of its transfer.
_FUND_WORDS = {
    "payment": ("交易", "交易"),
    "fee": ("交易", "扣除交易手续费"),
    "refund": ("退款", "退款"),
    "fee_return": ("退款", "退还交易手续费"),
    "withdrawal": ("提现", "提现"),
    "deposit": ("充值", "充值"),
}


def bounds_of(day: date) -> tuple[int, int]:
    """A civil day in China in milliseconds: from its first, until the next day's."""
    begin = datetime.combine(day, datetime.min.time(), BEIJING)
    return to_ms(begin), to_ms(begin + timedelta(days=1))


def trades_of(
    store: Store, keys: Keys, merchant_refs: tuple[str, str], bill_type: BillType, day: date
) -> Iterator[TradeLine]:
    """The payments and refunds of a day, of these merchants, oldest first."""
    since, until = bounds_of(day)
    first, second = merchant_refs
    rows = store.each(
        _TRADES,
        {
            "is_paid": int(bill_type is not BillType.REFUND),
            "is_refunded": int(bill_type is not BillType.SUCCESS),
            "first": first,
            "second": second,
            "since": since,
            "until": until,
        },
    )
    return (_trade(row, keys, bill_type, until) for row in rows)


def funds_of(store: Store, merchant_ref: str, day: date) -> Iterator[FundLine]:
    """The movements of a merchant's account on a day, oldest first, each with the balance after it."""
    since, until = bounds_of(day)
    account = merchant_account(merchant_ref)
    balance_fen = store.number(_OPENING, (account, since, account))
    for row in store.each(_FUNDS, {"account": account, "since": since, "until": until}):
        balance_fen += row["amount_fen"] if row["is_income"] else -row["amount_fen"]
        yield _fund(row, merchant_ref, balance_fen, day)


def _trade(row: Row, keys: Keys, bill_type: BillType, until: int) -> TradeLine:
    refund = _refund_part(row, until) if row["is_refund"] else None
    fee_fen = row["fee_fen"]
    if refund is not None:
        fee_fen = 0 if refund.word is RefundWord.FAIL else -row["fee_return_fen"]
    return TradeLine(
        # A bill of refunds alone tells when the payment was, and of the refund in columns of its own.
        at_ms=row["paid_at"] if bill_type is BillType.REFUND else row["at"],
        app_ref=keys.appid,
        merchant_ref=keys.mchid,
        sub_merchant_ref=NO_SUB_MERCHANT if row["scope"] == _DIRECT else keys.sub_mchid,
        transaction_id=row["transaction_id"],
        out_trade_no=row["out_trade_no"],
        openid=row["openid"],
        trade_type=_TRADE_TYPE[row["kind"]],
        description=row["description"],
        attach=row["attach"],
        amount_fen=row["total_fen"],
        fee_fen=fee_fen,
        fee_per_million=row["fee_per_million"],
        refund=refund,
    )


def _refund_part(row: Row, until: int) -> RefundPart:
    word, success_ms = RefundWord.PROCESSING, None
    if row["success_at"] is not None and row["success_at"] < until:
        word, success_ms = RefundWord.SUCCESS, row["success_at"]
    elif row["refund_closed_at"] is not None and row["refund_closed_at"] < until:
        word = RefundWord.FAIL
    elif row["is_bounced"]:
        word = RefundWord.CHANGE
    return RefundPart(
        out_refund_no=row["out_refund_no"],
        refund_id=row["refund_id"],
        amount_fen=row["amount_fen"],
        asked_ms=row["asked_at"],
        success_ms=success_ms,
        way="OTHER_BANKCARD" if row["is_rerouted"] and word is RefundWord.SUCCESS else "ORIGINAL",
        word=word,
    )


def _fund(row: Row, merchant_ref: str, balance_fen: int, day: date) -> FundLine:
    name, kind = _FUND_WORDS[row["kind"]]
    remark = ""
    if row["kind"] == "payment":
        remark = f"结算总金额{yuan(row['amount_fen'])}元;含手续费0.00元"
    elif row["kind"] == "refund":
        remark = f"退款总金额{yuan(row['amount_fen'])}元;含手续费0.00元"
    return FundLine(
        at_ms=row["made_at"],
        business_ref=row["business_ref"] or f"2000{day:%Y%m%d}{row['transfer_id']:016d}",
        flow_ref=f"1900{day:%Y%m%d}{row['transfer_id']:016d}",
        business_name=name,
        business_kind=kind,
        is_income=bool(row["is_income"]),
        amount_fen=row["amount_fen"],
        balance_fen=balance_fen,
        actor=f"{merchant_ref}{_MADE_BY[row['source']]}" if row["kind"] == "refund" else "system",
        remark=remark,
        voucher_ref=row["voucher_ref"],
        out_trade_no=row["out_trade_no"],
    )
