"""Everything that can go wrong on purpose: one closed list, and the book of rules that says when.

A rule names a fault and selects calls by endpoint, order-number pattern, the how-manieth matching call, and
probability; it fires a set number of times, or always. Several rules may fire on one call and then work together:
`before_create_answer` with `reset_after_processing` is an order that is paid and noticed while its creator hears
nothing. Chance comes from the sandbox's seed.
"""

from __future__ import annotations

import fnmatch
import random
from dataclasses import asdict, dataclass
from enum import StrEnum

from sandbox.wechat.errors import ErrorCode, SandboxRefusal


class Endpoint(StrEnum):
    """The places a rule can select; `any` is all of them."""

    ANY = "any"
    ORDER = "order"
    QUERY = "query"
    CLOSE = "close"
    REFUND = "refund"
    REFUND_QUERY = "refund_query"
    REFUND_ABNORMAL = "refund_abnormal"
    TRADE_BILL = "trade_bill"
    FUND_BILL = "fund_bill"
    BILL_FILE = "bill_file"
    CERTIFICATES = "certificates"
    PAY = "pay"
    EXPIRY = "expiry"
    NOTICE = "notice"
    REFUND_NOTICE = "refund_notice"


class Stage(StrEnum):
    """When in the sandbox's work a fault acts; decides which endpoints it can stand on."""

    CALL = "call"
    PAY = "pay"
    EXPIRY = "expiry"
    REFUND = "refund"
    NOTICE = "notice"
    STATEMENT = "statement"


class Group(StrEnum):
    """The families of the catalogue."""

    TRANSPORT = "transport"
    PROTOCOL = "protocol"
    BUSINESS = "business"
    NOTICE = "notice"
    MONEY = "money"
    STATEMENT = "statement"


class Fault(StrEnum):
    """The catalogue. What each does is said in `CATALOGUE`."""

    REFUSE_CONNECTION = "refuse_connection"
    RESET_BEFORE_PROCESSING = "reset_before_processing"
    RESET_AFTER_PROCESSING = "reset_after_processing"
    HANG = "hang"
    PROCESS_THEN_HANG = "process_then_hang"
    RESET_IN_BODY = "reset_in_body"
    SLOW_DRIP = "slow_drip"
    TRUNCATED_BODY = "truncated_body"
    WRONG_CONTENT_LENGTH = "wrong_content_length"
    HTML_502 = "html_502"
    REDIRECT = "redirect"
    BAD_SIGNATURE = "bad_signature"
    PROBE_SIGNATURE = "probe_signature"
    UNKNOWN_SERIAL = "unknown_serial"
    STALE_TIMESTAMP = "stale_timestamp"
    FUTURE_TIMESTAMP = "future_timestamp"
    SIGNED_OTHER_BYTES = "signed_other_bytes"
    MISSING_HEADERS = "missing_headers"
    WRONG_CONTENT_TYPE = "wrong_content_type"
    GBK_BODY = "gbk_body"
    REORDERED_FIELDS = "reordered_fields"
    UNKNOWN_EXTRA_FIELDS = "unknown_extra_fields"
    MISSING_OPTIONAL_FIELDS = "missing_optional_fields"
    ERROR_CODE = "error_code"
    ERROR_CODE_AFTER_PROCESSING = "error_code_after_processing"
    PAYER_HAS_NOT_ENOUGH = "payer_has_not_enough"
    BEFORE_CREATE_ANSWER = "before_create_answer"
    NOTICE_DROP = "notice_drop"
    NOTICE_DELAY = "notice_delay"
    NOTICE_STOP_AFTER_TRIES = "notice_stop_after_tries"
    NOTICE_DUPLICATE = "notice_duplicate"
    NOTICE_DUPLICATE_CONCURRENT = "notice_duplicate_concurrent"
    NOTICE_OUT_OF_ORDER = "notice_out_of_order"
    NOTICE_REPLAYED_OLD = "notice_replayed_old"
    NOTICE_WRONG_AMOUNT = "notice_wrong_amount"
    NOTICE_WRONG_CURRENCY = "notice_wrong_currency"
    NOTICE_WRONG_MERCHANT = "notice_wrong_merchant"
    NOTICE_WRONG_APP = "notice_wrong_app"
    NOTICE_WRONG_ORDER = "notice_wrong_order"
    NOTICE_WRONG_STATE = "notice_wrong_state"
    NOTICE_WRONG_REFUND = "notice_wrong_refund"
    NOTICE_AFTER_REFUND = "notice_after_refund"
    NOTICE_FORGED = "notice_forged"
    NOTICE_PROBE_SIGNATURE = "notice_probe_signature"
    NOTICE_UNKNOWN_SERIAL = "notice_unknown_serial"
    NOTICE_STALE = "notice_stale"
    NOTICE_FUTURE = "notice_future"
    NOTICE_SIGNED_OTHER_BYTES = "notice_signed_other_bytes"
    NOTICE_MISSING_HEADERS = "notice_missing_headers"
    NOTICE_TAMPERED_RESOURCE = "notice_tampered_resource"
    NOTICE_PLAIN_TEXT = "notice_plain_text"
    NOTICE_XML = "notice_xml"
    PAID_AFTER_CLOSE = "paid_after_close"
    PAID_WHILE_CLOSING = "paid_while_closing"
    PAID_AFTER_EXPIRY = "paid_after_expiry"
    PAYER_PAYS_TWICE = "payer_pays_twice"
    PARTIAL_REFUND = "partial_refund"
    REFUND_STUCK = "refund_stuck"
    REFUND_DELAYED = "refund_delayed"
    REFUND_ABNORMAL = "refund_abnormal"
    REFUND_CLOSED = "refund_closed"
    REFUND_AFTER_SETTLEMENT = "refund_after_settlement"
    REFUND_UNKNOWN_THEN_SUCCESS = "refund_unknown_then_success"
    REFUND_UNKNOWN_THEN_FAILURE = "refund_unknown_then_failure"
    FEE_RETURN = "fee_return"
    FEE_NOT_RETURNED = "fee_not_returned"
    STATEMENT_LATE = "statement_late"
    STATEMENT_MISSING_DAY = "statement_missing_day"
    STATEMENT_EMPTY_DAY = "statement_empty_day"
    STATEMENT_MISSING_ROW = "statement_missing_row"
    STATEMENT_EXTRA_ROW = "statement_extra_row"
    STATEMENT_WRONG_AMOUNT = "statement_wrong_amount"
    STATEMENT_DUPLICATE_ROW = "statement_duplicate_row"
    STATEMENT_NEIGHBOUR_DAY = "statement_neighbour_day"
    STATEMENT_REFUND_AHEAD = "statement_refund_ahead"
    STATEMENT_FOREIGN_ROW = "statement_foreign_row"
    STATEMENT_COMMA_IN_TEXT = "statement_comma_in_text"
    STATEMENT_MANY_ROWS = "statement_many_rows"
    STATEMENT_REORDERED_COLUMNS = "statement_reordered_columns"
    STATEMENT_CRLF = "statement_crlf"
    STATEMENT_BOM = "statement_bom"
    STATEMENT_GBK = "statement_gbk"
    STATEMENT_WRONG_SUMS = "statement_wrong_sums"
    STATEMENT_TRUNCATED = "statement_truncated"
    STATEMENT_WRONG_HASH = "statement_wrong_hash"
    STATEMENT_CORRUPT_FILE = "statement_corrupt_file"
    STATEMENT_ZIP_BOMB = "statement_zip_bomb"
    STATEMENT_FOREIGN_TOKEN = "statement_foreign_token"
    STATEMENT_FOREIGN_ADDRESS = "statement_foreign_address"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the catalogue: where the fault belongs, what it does, its endpoint where a rule names none."""

    group: Group
    stage: Stage
    default: Endpoint
    text: str


def _call(group: Group, text: str, default: Endpoint = Endpoint.ANY) -> Entry:
    return Entry(group=group, stage=Stage.CALL, default=default, text=text)


def _notice(text: str, default: Endpoint = Endpoint.NOTICE) -> Entry:
    return Entry(group=Group.NOTICE, stage=Stage.NOTICE, default=default, text=text)


def _paid(text: str) -> Entry:
    return Entry(group=Group.MONEY, stage=Stage.PAY, default=Endpoint.PAY, text=text)


def _refunded(text: str) -> Entry:
    return Entry(group=Group.MONEY, stage=Stage.REFUND, default=Endpoint.REFUND, text=text)


def _told(text: str) -> Entry:
    return Entry(group=Group.STATEMENT, stage=Stage.STATEMENT, default=Endpoint.TRADE_BILL, text=text)


CATALOGUE: dict[Fault, Entry] = {
    Fault.REFUSE_CONNECTION: _call(
        Group.TRANSPORT, "The connection is reset, nothing processed, and the port stays closed for `seconds`."
    ),
    Fault.RESET_BEFORE_PROCESSING: _call(Group.TRANSPORT, "The connection is reset; nothing was processed."),
    Fault.RESET_AFTER_PROCESSING: _call(Group.TRANSPORT, "Processed, then the connection is reset without an answer."),
    Fault.HANG: _call(Group.TRANSPORT, "Nothing processed; silence for `seconds`, then the connection closes."),
    Fault.PROCESS_THEN_HANG: _call(Group.TRANSPORT, "Processed; silence for `seconds`, then the connection closes."),
    Fault.RESET_IN_BODY: _call(Group.TRANSPORT, "Processed; headers and half the body arrive, then a reset."),
    Fault.SLOW_DRIP: _call(Group.TRANSPORT, "Processed; the whole answer arrives byte by byte over `seconds`."),
    Fault.TRUNCATED_BODY: _call(Group.TRANSPORT, "Processed; the connection ends properly after half the body."),
    Fault.WRONG_CONTENT_LENGTH: _call(Group.TRANSPORT, "Processed; Content-Length is half of what follows."),
    Fault.HTML_502: _call(Group.TRANSPORT, "A 502 with an HTML page from some proxy; nothing was processed."),
    Fault.REDIRECT: _call(Group.TRANSPORT, "A 302 to another path of this host; nothing was processed."),
    Fault.BAD_SIGNATURE: _call(Group.PROTOCOL, "The answer is signed by a key that is not the platform's."),
    Fault.PROBE_SIGNATURE: _call(Group.PROTOCOL, "The signature begins WECHATPAY/SIGNTEST/, the channel's own probe."),
    Fault.UNKNOWN_SERIAL: _call(Group.PROTOCOL, "Wechatpay-Serial names a key that nobody has."),
    Fault.STALE_TIMESTAMP: _call(Group.PROTOCOL, "Properly signed, an hour ago."),
    Fault.FUTURE_TIMESTAMP: _call(Group.PROTOCOL, "Properly signed, an hour from now."),
    Fault.SIGNED_OTHER_BYTES: _call(Group.PROTOCOL, "The platform's signature, over another body."),
    Fault.MISSING_HEADERS: _call(Group.PROTOCOL, "No Wechatpay-* headers on a success."),
    Fault.WRONG_CONTENT_TYPE: _call(Group.PROTOCOL, "Content-Type text/plain; the signature holds."),
    Fault.GBK_BODY: _call(Group.PROTOCOL, "The body is GBK where UTF-8 is declared; signed over the bytes sent."),
    Fault.REORDERED_FIELDS: _call(Group.PROTOCOL, "Fields in another order, other space; the signature holds."),
    Fault.UNKNOWN_EXTRA_FIELDS: _call(Group.PROTOCOL, "Fields nobody knows are added; the signature holds."),
    Fault.MISSING_OPTIONAL_FIELDS: _call(Group.PROTOCOL, "Optional fields are left out; the signature holds."),
    Fault.ERROR_CODE: _call(Group.BUSINESS, "The call answers error `code`; nothing was processed."),
    Fault.ERROR_CODE_AFTER_PROCESSING: _call(Group.BUSINESS, "Processed, and yet the call answers error `code`."),
    Fault.PAYER_HAS_NOT_ENOUGH: Entry(
        group=Group.BUSINESS, stage=Stage.PAY, default=Endpoint.PAY, text="The payer's payment fails; the order stays."
    ),
    Fault.BEFORE_CREATE_ANSWER: _call(
        Group.NOTICE,
        "The order is paid, or the refund succeeds, at once, and its notice is delivered before the answer.",
        Endpoint.ORDER,
    ),
    Fault.NOTICE_DROP: _notice("The attempt is never sent; the ladder goes on."),
    Fault.NOTICE_DELAY: _notice("The attempt is put off by `seconds` of virtual time."),
    Fault.NOTICE_STOP_AFTER_TRIES: _notice("After `count` attempts no more are made."),
    Fault.NOTICE_DUPLICATE: _notice("The attempt is sent 1 + `count` times, one after the other."),
    Fault.NOTICE_DUPLICATE_CONCURRENT: _notice("The attempt is sent 1 + `count` times at the same moment."),
    Fault.NOTICE_OUT_OF_ORDER: _notice("The attempt waits until a later notice has gone out."),
    Fault.NOTICE_REPLAYED_OLD: _notice(
        "Before the attempt the oldest message ever sent goes out again, byte for byte."
    ),
    Fault.NOTICE_WRONG_AMOUNT: _notice("Properly signed, but the amount is off by `delta_fen`."),
    Fault.NOTICE_WRONG_CURRENCY: _notice("Properly signed, but in USD."),
    Fault.NOTICE_WRONG_MERCHANT: _notice("Properly signed, but for another merchant number."),
    Fault.NOTICE_WRONG_APP: _notice("Properly signed, but for another appid."),
    Fault.NOTICE_WRONG_ORDER: _notice("Properly signed, but for an order number that was never placed."),
    Fault.NOTICE_WRONG_STATE: _notice(
        "Properly signed TRANSACTION.SUCCESS of trade_state NOTPAY, or REFUND.* of refund_status PROCESSING."
    ),
    Fault.NOTICE_WRONG_REFUND: _notice(
        "Properly signed, but for a refund number that was never asked.", Endpoint.REFUND_NOTICE
    ),
    Fault.NOTICE_AFTER_REFUND: _notice("The payment's notice waits until one of its refund has gone out."),
    Fault.NOTICE_FORGED: _notice("Signed by a stranger's key under the platform's serial."),
    Fault.NOTICE_PROBE_SIGNATURE: _notice("The signature begins WECHATPAY/SIGNTEST/: the channel tests the receiver."),
    Fault.NOTICE_UNKNOWN_SERIAL: _notice("Signed by a stranger's key under a made-up serial."),
    Fault.NOTICE_STALE: _notice("Properly signed, an hour ago."),
    Fault.NOTICE_FUTURE: _notice("Properly signed, an hour from now."),
    Fault.NOTICE_SIGNED_OTHER_BYTES: _notice("The platform's signature, over another body."),
    Fault.NOTICE_MISSING_HEADERS: _notice("No Wechatpay-* headers."),
    Fault.NOTICE_TAMPERED_RESOURCE: _notice("The signature holds; the ciphertext does not decrypt."),
    Fault.NOTICE_PLAIN_TEXT: _notice("The resource is in the clear, in JSON without ciphertext; signed."),
    Fault.NOTICE_XML: _notice("The old v2 XML notice instead of JSON; signed."),
    Fault.PAID_AFTER_CLOSE: _call(Group.MONEY, "The close answers 204, and then the payer has paid.", Endpoint.CLOSE),
    Fault.PAID_WHILE_CLOSING: _call(
        Group.MONEY, "The payer pays in the moment before the close, which therefore fails.", Endpoint.CLOSE
    ),
    Fault.PAID_AFTER_EXPIRY: Entry(
        group=Group.MONEY,
        stage=Stage.EXPIRY,
        default=Endpoint.EXPIRY,
        text="The order is paid in the moment after its time_expire.",
    ),
    Fault.PAYER_PAYS_TWICE: _paid("The payer also pays every other unpaid order that carries the same `attach`."),
    Fault.PARTIAL_REFUND: _paid(
        "After payment a clerk refunds `delta_fen` of it in the merchant's web platform, unknown to every program."
    ),
    Fault.REFUND_STUCK: _refunded("Accepted, and PROCESSING until the control plane finishes it."),
    Fault.REFUND_DELAYED: _refunded("Accepted, and decided only `seconds` later."),
    Fault.REFUND_ABNORMAL: _refunded("Accepted, and ends ABNORMAL: the payer's card is dead."),
    Fault.REFUND_CLOSED: _refunded("Accepted, and ends CLOSED: only a new number can succeed."),
    Fault.REFUND_AFTER_SETTLEMENT: _refunded("Succeeds at noon `count` days later; its own day's bill has it in work."),
    Fault.REFUND_UNKNOWN_THEN_SUCCESS: _refunded("In work, and yet answered SYSTEM_ERROR; it succeeds."),
    Fault.REFUND_UNKNOWN_THEN_FAILURE: _refunded("In work, and yet answered SYSTEM_ERROR; it ends CLOSED."),
    Fault.FEE_RETURN: _paid("The payment is charged 0.6 %; each refund of it brings its share of the fee back."),
    Fault.FEE_NOT_RETURNED: _refunded("The refund's share of the payment's fee stays with the channel."),
    Fault.STATEMENT_LATE: _told(
        "The ask answers STATEMENT_CREATING although the hour has come; `times` says how often."
    ),
    Fault.STATEMENT_MISSING_DAY: _told("The ask answers NO_STATEMENT_EXIST although there was trade that day."),
    Fault.STATEMENT_EMPTY_DAY: _told("A file without a line, its sums all 0."),
    Fault.STATEMENT_MISSING_ROW: _told(
        "`count` lines are left out, and out of the sums: the first whose order number fits."
    ),
    Fault.STATEMENT_EXTRA_ROW: _told(
        "`count` payments of 380.00 yuan of which nobody knows; of the order number given, where it names one."
    ),
    Fault.STATEMENT_WRONG_AMOUNT: _told("In `count` lines the amount is off by `delta_fen`, and in the sums."),
    Fault.STATEMENT_DUPLICATE_ROW: _told("`count` lines stand there twice."),
    Fault.STATEMENT_NEIGHBOUR_DAY: _told(
        "`count` lines stand in the next day's file instead; put it in force for both asks."
    ),
    Fault.STATEMENT_REFUND_AHEAD: _told("`count` refunds in work are told of as done. Trade bills only."),
    Fault.STATEMENT_FOREIGN_ROW: _told(
        "`count` payments of another merchant and app are among the lines. Trade bills only."
    ),
    Fault.STATEMENT_COMMA_IN_TEXT: _told(
        "In `count` lines the merchant's texts have commas and line breaks, written as the channel does."
    ),
    Fault.STATEMENT_MANY_ROWS: _told("`count` thousand payments of made-up orders are added."),
    Fault.STATEMENT_REORDERED_COLUMNS: _told("The columns stand in the opposite order, those of the sums too."),
    Fault.STATEMENT_CRLF: _told("Lines end with CR LF."),
    Fault.STATEMENT_BOM: _told("The file begins with a byte order mark."),
    Fault.STATEMENT_GBK: _told("The text is in GB 18030, the hash true of its bytes."),
    Fault.STATEMENT_WRONG_SUMS: _told("The sums say `delta_fen` more than the lines make."),
    Fault.STATEMENT_TRUNCATED: _told("The text ends in its middle, the hash true of what is left."),
    Fault.STATEMENT_WRONG_HASH: _told("`hash_value` is not the file's."),
    Fault.STATEMENT_CORRUPT_FILE: _told("Bytes in the middle of the file are changed, so that gzip finds it damaged."),
    Fault.STATEMENT_ZIP_BOMB: _told(
        "A packed file that unpacks to `count` times 64 MiB, the hash true of it. Only where GZIP is asked for."
    ),
    Fault.STATEMENT_FOREIGN_TOKEN: _told("`download_url` carries another merchant's token: NO_AUTH."),
    Fault.STATEMENT_FOREIGN_ADDRESS: _told("`download_url` leads to another host."),
}

_STANDS_ON: dict[Stage, frozenset[Endpoint]] = {
    Stage.CALL: frozenset(
        {
            Endpoint.ANY,
            Endpoint.ORDER,
            Endpoint.QUERY,
            Endpoint.CLOSE,
            Endpoint.REFUND,
            Endpoint.REFUND_QUERY,
            Endpoint.REFUND_ABNORMAL,
            Endpoint.TRADE_BILL,
            Endpoint.FUND_BILL,
            Endpoint.BILL_FILE,
            Endpoint.CERTIFICATES,
        },
    ),
    Stage.PAY: frozenset({Endpoint.PAY, Endpoint.ANY}),
    Stage.EXPIRY: frozenset({Endpoint.EXPIRY, Endpoint.ANY}),
    Stage.REFUND: frozenset({Endpoint.REFUND, Endpoint.ANY}),
    Stage.NOTICE: frozenset({Endpoint.NOTICE, Endpoint.REFUND_NOTICE, Endpoint.ANY}),
    Stage.STATEMENT: frozenset({Endpoint.TRADE_BILL, Endpoint.FUND_BILL, Endpoint.ANY}),
}
# How high `count` may be: a million lines at most, 6.25 GiB of zip bomb, and a hundred of everything else.
USUAL_COUNT_MAX = 100
COUNT_MAX = {Fault.STATEMENT_MANY_ROWS: 1000}
# A rule on the wider place fires on the narrower as well.
_WIDER = {Endpoint.REFUND_NOTICE: Endpoint.NOTICE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One fault and when it fires. `times` 0 means always; `nth` counts matching calls from 1.

    Of a statement's fault `out_trade_no` selects lines of the file, and every ask for one is a matching call.
    """

    fault: Fault
    endpoint: Endpoint
    out_trade_no: str = "*"
    nth: int = 1
    times: int = 1
    probability: float = 1.0
    seconds: float = 30.0
    count: int = 1
    delta_fen: int = 1
    code: ErrorCode = ErrorCode.SYSTEM_ERROR


@dataclass(slots=True, kw_only=True)
class _Kept:
    number: int
    rule: Rule
    seen_count: int = 0
    fired_count: int = 0


class FaultBook:
    """The rules in force, in the order they were added. Kept in memory: a restart or a reset forgets them."""

    def __init__(self, seed: int) -> None:
        self._kept: list[_Kept] = []
        self._last_number = 0
        self._chance = random.Random(f"{seed}:faults")

    def add(self, rule: Rule) -> int:
        """Put a rule in force and return its number; refused where a part makes no sense."""
        entry, count_max = CATALOGUE[rule.fault], COUNT_MAX.get(rule.fault, USUAL_COUNT_MAX)
        checks = (
            (rule.endpoint in _STANDS_ON[entry.stage], f"{rule.fault} cannot stand on endpoint {rule.endpoint}."),
            (rule.nth >= 1, f"nth is {rule.nth}; the first matching call is 1."),
            (rule.times >= 0, f"times is {rule.times}; use 0 for always."),
            (0 < rule.probability <= 1, f"probability is {rule.probability}; it lies above 0 and up to 1."),
            (0 <= rule.seconds <= 7 * 86400, f"seconds is {rule.seconds}; it lies between 0 and seven days."),
            (1 <= rule.count <= count_max, f"count is {rule.count}; it lies between 1 and {count_max}."),
            (rule.delta_fen != 0, "delta_fen is 0, which would not be a wrong amount."),
        )
        for is_sound, sentence in checks:
            if not is_sound:
                raise SandboxRefusal("fault_rule_unsound", sentence, 400)
        self._last_number += 1
        self._kept.append(_Kept(number=self._last_number, rule=rule))
        return self._last_number

    def clear(self, number: int | None = None) -> int:
        """Take back one rule, or all; how many went."""
        before = len(self._kept)
        self._kept = [] if number is None else [one for one in self._kept if one.number != number]
        return before - len(self._kept)

    def rules(self) -> list[dict[str, object]]:
        """Every rule with its counts, as plain values."""
        return [
            {"number": one.number, **asdict(one.rule), "seen_count": one.seen_count, "fired_count": one.fired_count}
            for one in self._kept
        ]

    def take(self, stage: Stage, endpoint: Endpoint, out_trade_no: str | None) -> list[Rule]:
        """The rules that fire on this call, oldest first; asking counts as the call. None fits every pattern."""
        return [one.rule for one in self._kept if self._fires(one, stage, endpoint, out_trade_no)]

    def _fires(self, one: _Kept, stage: Stage, endpoint: Endpoint, out_trade_no: str | None) -> bool:
        rule = one.rule
        places = (Endpoint.ANY, endpoint, _WIDER.get(endpoint))
        is_here = CATALOGUE[rule.fault].stage is stage and rule.endpoint in places
        if not is_here:
            return False
        if out_trade_no is not None and not fnmatch.fnmatchcase(out_trade_no, rule.out_trade_no):
            return False
        one.seen_count += 1
        is_its_turn = one.seen_count >= rule.nth and (rule.times == 0 or one.fired_count < rule.times)
        if not is_its_turn or self._chance.random() >= rule.probability:
            return False
        one.fired_count += 1
        return True


def rule_for(fault: Fault) -> Rule:
    """A rule that fires once, on the first call of the fault's usual endpoint."""
    return Rule(fault=fault, endpoint=CATALOGUE[fault].default)
