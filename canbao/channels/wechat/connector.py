"""WeChat Pay in the words of the contract: places, asks, closes, refunds, fetches statements and reads notices.

The reading order: `interface.py` says what is promised, this file says how an answer becomes an outcome, `codes.py`
holds the table of WeChat's words, `wire.py` the fields, `adapter.py` the SDK and its limits. The connector keeps
nothing between two calls but keys and open connections."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import BinaryIO, Final

from canbao.channels.interface import (
    STATEMENT_BYTES_MAX,
    Account,
    Answer,
    Capability,
    ChannelCode,
    Closed,
    Evidence,
    FetchedStatement,
    FundLine,
    Notice,
    NoticeEvent,
    NoticeRefusal,
    NoticeRefused,
    Outcome,
    Placed,
    PlaceOrder,
    RefundAdvice,
    RefundAnswer,
    RefundFate,
    RefundTold,
    RequestRefund,
    StatementKind,
    StatementLine,
)
from canbao.channels.wechat import wire
from canbao.channels.wechat.adapter import Reply, WeChatAdapter
from canbao.channels.wechat.codes import (
    Call,
    advice_of_refund_error,
    advice_of_refund_query_error,
    is_too_often,
    meaning_of_refund_state,
    outcome_of_error,
    outcome_of_state,
    outcome_of_statement_error,
)
from canbao.channels.wechat.settings import WeChatSettings
from canbao.channels.wechat.statement_file import FileRefused, announced_in, keep_file
from canbao.channels.wechat.statement_lines import read_funds, read_trades
from canbao.kernel.clock import Instant

logger = logging.getLogger(__name__)

CAPABILITIES: Final = frozenset(Capability)


class WeChatConnector:
    """The connector of `ChannelCode.WECHAT`; safe in several threads."""

    def __init__(self, settings: WeChatSettings) -> None:
        self._adapter = WeChatAdapter(settings)
        self._is_loopback = settings.is_loopback
        self._account = Account(merchant_ref=settings.mchid, app_ref=settings.appid)

    @property
    def code(self) -> ChannelCode:
        """`wechat`."""
        return ChannelCode.WECHAT

    @property
    def capabilities(self) -> frozenset[Capability]:
        """All of them."""
        return CAPABILITIES

    @property
    def account(self) -> Account:
        """Our `mchid` and `appid`."""
        return self._account

    def place(self, order: PlaceOrder, *, now: Instant) -> Placed:
        """Place an order; see `interface.Connector.place`. The same order again gives a fresh address to open."""
        wire.check_order(order, is_loopback=self._is_loopback)
        reply = self._adapter.place(order, now=now)
        opens = wire.opening_of(order, reply.text, is_loopback=self._is_loopback) if _says(reply, 200) else None
        if opens is not None:
            return Placed(
                outcome=Outcome.CONFIRMED,
                opens=opens,
                opens_until=wire.opening_until(order, now),
                foreign_code="",
                evidence=_evidence(reply),
            )
        code = wire.error_code(reply.text)
        outcome = _outcome_of_error(Call.PLACE, reply, code)
        return Placed(outcome=outcome, opens=None, opens_until=None, foreign_code=code, evidence=_evidence(reply))

    def ask(self, order_no: str, *, now: Instant) -> Answer:
        """Ask about an order; see `interface.Connector.ask`. `foreign_code` is the trade state, or the error's code."""
        wire.check_order_no(order_no)
        reply = self._adapter.query(order_no, now=now)
        if not _says(reply, 200):
            code = wire.error_code(reply.text)
            outcome = _outcome_of_error(Call.ASK, reply, code)
            return Answer(outcome=outcome, payment=None, foreign_code=code, evidence=_evidence(reply))
        content = wire.read_object(reply.text) or {}
        state = content.get("trade_state")
        state = state if isinstance(state, str) else ""
        outcome = outcome_of_state(state)
        payment = wire.payment_of(content) if outcome is Outcome.CONFIRMED else None
        # An answer about another order, or one that says "paid" without saying what, is no answer.
        is_about_it = content.get("out_trade_no") == order_no
        if not is_about_it or (outcome is Outcome.CONFIRMED and payment is None):
            return Answer(outcome=Outcome.UNKNOWN, payment=None, foreign_code=state[:64], evidence=_evidence(reply))
        return Answer(outcome=outcome, payment=payment, foreign_code=state[:64], evidence=_evidence(reply))

    def close(self, order_no: str, *, now: Instant) -> Closed:
        """Close an order; see `interface.Connector.close`. Only a signed, empty 204 is believed."""
        wire.check_order_no(order_no)
        reply = self._adapter.close(order_no, now=now)
        if _says(reply, 204):
            return Closed(outcome=Outcome.CONFIRMED, foreign_code="", evidence=_evidence(reply))
        code = wire.error_code(reply.text)
        return Closed(outcome=_outcome_of_error(Call.CLOSE, reply, code), foreign_code=code, evidence=_evidence(reply))

    def refund(self, request: RequestRefund, *, now: Instant) -> RefundAnswer:
        """Ask for a refund; see `interface.Connector.refund`. 200 means accepted, and its status what became of it."""
        wire.check_refund(request, is_loopback=self._is_loopback)
        reply = self._adapter.refund(request, now=now)
        return self._refund_answer(request.refund_no, reply, advice_of_refund_error)

    def ask_refund(self, refund_no: str, *, now: Instant) -> RefundAnswer:
        """Ask about a refund; see `interface.Connector.ask_refund`."""
        wire.check_refund_no(refund_no)
        reply = self._adapter.query_refund(refund_no, now=now)
        return self._refund_answer(refund_no, reply, advice_of_refund_query_error)

    def fetch_statement(
        self, kind: StatementKind, day: date, into: BinaryIO, *, now: Instant, bytes_max: int = STATEMENT_BYTES_MAX
    ) -> FetchedStatement:
        """Fetch a statement; see `interface.Connector.fetch_statement`. The announcement's hash vouches for it."""
        reply = self._adapter.bill(kind, day, now=now)
        announced = announced_in(reply.text) if _says(reply, 200) else None
        if announced is None:
            return _no_statement(reply)
        size = 0

        def keep(chunks: Iterator[bytes]) -> int:
            nonlocal size
            size = keep_file(chunks, into, digest=announced.digest, bytes_max=bytes_max)
            return size

        try:
            file_reply = self._adapter.download(announced.url, keep, now=now)
        except FileRefused as refused:
            return _not_fetched(Outcome.UNKNOWN, refused.trouble.value, _evidence(reply))
        evidence = _evidence(reply, file_reply)
        if not _says(file_reply, 200):
            return replace(_no_statement(file_reply), outcome=Outcome.UNKNOWN, evidence=evidence)
        return FetchedStatement(
            outcome=Outcome.CONFIRMED, digest=announced.digest, size=size, foreign_code="", evidence=evidence
        )

    def read_statement(self, kind: StatementKind, source: BinaryIO) -> Iterator[StatementLine | FundLine]:
        """Read a statement; see `interface.Connector.read_statement`."""
        return read_trades(source) if kind is StatementKind.TRADES else read_funds(source)

    def read_notice(self, headers: Mapping[str, str], body: bytes, *, now: Instant) -> Notice:
        """Verify and decipher a notice; see `interface.Connector.read_notice`."""
        if body.startswith(b"<xml"):
            # A refund whose request named no address is told so, sealed with a key that version 3 does not have.
            logger.warning("a notice in the form of WeChat's second version cannot be verified and is refused")
        envelope, content = self._adapter.open_notice(headers, body, now=now)
        notice_ref = envelope.get("id")
        created_at = wire.instant_of(envelope.get("create_time"))
        if not isinstance(notice_ref, str) or not 1 <= len(notice_ref) <= 64 or created_at is None:
            raise NoticeRefused(NoticeRefusal.MALFORMED)
        is_payment = (
            envelope.get("event_type") == "TRANSACTION.SUCCESS"
            and outcome_of_state(str(content.get("trade_state"))) is Outcome.CONFIRMED
        )
        payment = wire.payment_of(content) if is_payment else None
        if payment is not None:
            return Notice(
                notice_ref=notice_ref, event=NoticeEvent.PAYMENT, payment=payment, happened_at=payment.happened_at
            )
        refund = _refund_in_notice(envelope.get("event_type"), content, created_at)
        return Notice(
            notice_ref=notice_ref,
            event=NoticeEvent.REFUND if refund is not None else NoticeEvent.OTHER,
            payment=None,
            happened_at=refund.happened_at if refund is not None else created_at,
            refund=refund,
        )

    def _refund_answer(
        self, refund_no: str, reply: Reply, advice_of: Callable[[int, str], RefundAdvice | None]
    ) -> RefundAnswer:
        """What a reply about this refund says. `foreign_code` is its status, or the error's code."""
        evidence = _evidence(reply)
        if not _says(reply, 200):
            code = wire.error_code(reply.text)
            advice = advice_of(reply.status, code) if reply.is_heard and reply.status is not None else None
            outcome = Outcome.REFUSED if advice is not None else Outcome.UNKNOWN
            return RefundAnswer(outcome=outcome, told=None, advice=advice, foreign_code=code, evidence=evidence)
        content = wire.read_object(reply.text) or {}
        state = content.get("status")
        state = state[:64] if isinstance(state, str) else ""
        unknown = RefundAnswer(outcome=Outcome.UNKNOWN, told=None, advice=None, foreign_code=state, evidence=evidence)
        meaning = meaning_of_refund_state(state)
        # An answer about another refund is no answer.
        if meaning is None or content.get("out_refund_no") != refund_no:
            return unknown
        outcome, fate, advice = meaning
        told = wire.refund_of(content, fate=fate, merchant_ref=self._account.merchant_ref, told_at=None)
        # Nor is one that says what became of it without saying of what; "in work" needs no more words.
        if told is None and outcome is not Outcome.WAITING:
            return unknown
        return RefundAnswer(outcome=outcome, told=told, advice=advice, foreign_code=state, evidence=evidence)


def _refund_in_notice(event_type: object, content: wire.JsonObject, created_at: Instant) -> RefundTold | None:
    """The refund that a notice tells of: its end, said alike by the event and by the refund's own status."""
    state = str(content.get("refund_status"))
    meaning = meaning_of_refund_state(state)
    if meaning is None or event_type != f"REFUND.{state}" or meaning[1] is RefundFate.PROCESSING:
        return None
    return wire.refund_of(content, fate=meaning[1], merchant_ref="", told_at=created_at)


def _says(reply: Reply, status: int) -> bool:
    return reply.is_heard and reply.status == status


def _outcome_of_error(call: Call, reply: Reply, code: str) -> Outcome:
    if not reply.is_heard or reply.status is None:
        return Outcome.UNKNOWN
    return outcome_of_error(call, reply.status, code)


def _not_fetched(outcome: Outcome, foreign_code: str, evidence: Evidence) -> FetchedStatement:
    return FetchedStatement(outcome=outcome, digest="", size=0, foreign_code=foreign_code, evidence=evidence)


def _no_statement(reply: Reply) -> FetchedStatement:
    """What an answer without a statement says."""
    code = wire.error_code(reply.text)
    if not reply.is_heard or reply.status is None:
        return _not_fetched(Outcome.UNKNOWN, code, _evidence(reply))
    said = _not_fetched(outcome_of_statement_error(reply.status, code), code, _evidence(reply))
    return replace(said, is_too_often=is_too_often(reply.status, code))


def _evidence(*replies: Reply) -> Evidence:
    """The words of one call, or of the two that follow each other; the status is the last one's."""
    return Evidence(
        request="\n".join(reply.sent for reply in replies)[: wire.EVIDENCE_LENGTH_MAX],
        answer="\n".join(reply.answer for reply in replies)[: wire.EVIDENCE_LENGTH_MAX],
        status=replies[-1].status,
    )
