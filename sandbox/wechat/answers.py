"""How an answer leaves the channel: signed where it is a success, bare where it is a refusal, and spoiled where a
fault says so."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from datetime import datetime

from sandbox.exchange import Answer, BodyFile, TransportAct
from sandbox.wechat.errors import ChannelError, ErrorCode
from sandbox.wechat.faults import Fault, Rule
from sandbox.wechat.fields import Body
from sandbox.wechat.keys import Keys
from sandbox.wechat.notice_message import AN_HOUR, UNKNOWN_SERIAL, Sealer, new_nonce, probe_of
from sandbox.wechat.wire import JSON, answer_headers, sign, signed_text

# Faults that answer in place of the channel, which then has processed nothing.
INSTEAD = frozenset(
    {
        Fault.REFUSE_CONNECTION,
        Fault.RESET_BEFORE_PROCESSING,
        Fault.HANG,
        Fault.HTML_502,
        Fault.REDIRECT,
        Fault.ERROR_CODE,
    }
)
OPTIONAL_FIELDS = ("attach", "bank_type", "promotion_detail", "trade_state_desc", "payer", "funds_account")
HTML_502 = b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>sandbox proxy</body>\r\n</html>\r\n"


def refusal(error: ChannelError, request_id: str) -> Answer:
    """An error answer: no signature, the channel's body."""
    return Answer(
        status=error.status,
        headers={"Content-Type": JSON, "Request-ID": request_id},
        body=error.body(),
        is_processed=False,
    )


def nowhere(status: int, request_id: str) -> Answer:
    """404 or 405 for a path the channel does not have: empty body, unsigned."""
    return Answer(status=status, headers={"Request-ID": request_id}, is_processed=False)


def downloaded(file: BodyFile, request_id: str) -> Answer:
    """A bill file: the one success that the channel does not sign."""
    headers = {"Content-Type": "application/octet-stream", "Request-ID": request_id}
    return Answer(status=200, headers=headers, file=file)


def instead(rule: Rule, request_id: str) -> Answer:
    """The answer of a fault that keeps the call from being processed at all."""
    match rule.fault:
        case Fault.REFUSE_CONNECTION:
            return Answer(status=0, act=TransportAct.REFUSE, seconds=rule.seconds, is_processed=False)
        case Fault.RESET_BEFORE_PROCESSING:
            return Answer(status=0, act=TransportAct.RESET, is_processed=False)
        case Fault.HANG:
            return Answer(status=0, act=TransportAct.HANG, seconds=rule.seconds, is_processed=False)
        case Fault.HTML_502:
            return Answer(status=502, headers={"Content-Type": "text/html"}, body=HTML_502, is_processed=False)
        case Fault.REDIRECT:
            return Answer(status=302, headers={"Location": "/v3/moved", "Request-ID": request_id}, is_processed=False)
        case Fault.ERROR_CODE:
            return refusal(ChannelError(rule.code), request_id)
        case _:
            message = f"{rule.fault} does not answer in place of the channel"
            raise AssertionError(message)


class Signer:
    """Signs successes with the key the caller asked for, and spoils what the faults tell it to."""

    def __init__(self, keys: Keys, sealer: Sealer) -> None:
        self._keys = keys
        self._sealer = sealer

    def success(
        self, content: Body | None, *, asked_serial: str, request_id: str, rules: Sequence[Rule], now: datetime
    ) -> Answer:
        """A signed 200 with this content, or a signed 204 without one."""
        faults = {rule.fault for rule in rules}
        body = b"" if content is None else _encode(content, faults)
        headers = {"Request-ID": request_id}
        if content is not None:
            headers["Content-Type"] = "text/plain" if Fault.WRONG_CONTENT_TYPE in faults else JSON
        if Fault.MISSING_HEADERS not in faults:
            headers |= self._signature(body, asked_serial, faults, now)
        answer = Answer(status=204 if content is None else 200, headers=headers, body=body)
        return with_transport(answer, rules, request_id)

    def _signature(self, body: bytes, asked_serial: str, faults: set[Fault], now: datetime) -> dict[str, str]:
        serial, private_key = self._keys.answer_signer(asked_serial)
        if Fault.BAD_SIGNATURE in faults:
            private_key = self._sealer.stranger()
        if Fault.UNKNOWN_SERIAL in faults:
            serial = UNKNOWN_SERIAL
        signed_at = now
        if Fault.STALE_TIMESTAMP in faults:
            signed_at = now - AN_HOUR
        if Fault.FUTURE_TIMESTAMP in faults:
            signed_at = now + AN_HOUR
        timestamp, nonce = str(int(signed_at.timestamp())), new_nonce(32)
        signed_body = body + b" " if Fault.SIGNED_OTHER_BYTES in faults else body
        signature = sign(private_key, signed_text(timestamp, nonce, signed_body))
        if Fault.PROBE_SIGNATURE in faults:
            signature = probe_of(signature)
        return answer_headers(serial=serial, timestamp=timestamp, nonce=nonce, signature=signature)


def with_transport(answer: Answer, rules: Sequence[Rule], request_id: str) -> Answer:
    """The answer to a processed call as the faults of transport and outcome leave it."""
    for rule in rules:
        match rule.fault:
            case Fault.RESET_AFTER_PROCESSING:
                answer = dataclasses.replace(answer, act=TransportAct.RESET)
            case Fault.PROCESS_THEN_HANG:
                answer = dataclasses.replace(answer, act=TransportAct.HANG, seconds=rule.seconds)
            case Fault.RESET_IN_BODY:
                answer = dataclasses.replace(answer, act=TransportAct.RESET_IN_BODY)
            case Fault.TRUNCATED_BODY:
                answer = dataclasses.replace(answer, act=TransportAct.TRUNCATE)
            case Fault.SLOW_DRIP:
                answer = dataclasses.replace(answer, act=TransportAct.DRIP, seconds=rule.seconds)
            case Fault.WRONG_CONTENT_LENGTH:
                headers = answer.headers | {"Content-Length": str(answer.size // 2)}
                answer = dataclasses.replace(answer, headers=headers)
            case Fault.ERROR_CODE_AFTER_PROCESSING:
                answer = dataclasses.replace(refusal(ChannelError(rule.code), request_id), is_processed=True)
            case Fault.REFUND_UNKNOWN_THEN_SUCCESS | Fault.REFUND_UNKNOWN_THEN_FAILURE:
                unknown = refusal(ChannelError(ErrorCode.SYSTEM_ERROR), request_id)
                answer = dataclasses.replace(unknown, is_processed=True)
            case Fault.BEFORE_CREATE_ANSWER if answer.act is None:
                answer = dataclasses.replace(answer, act=TransportAct.AFTER_NOTICE)
            case _:
                pass
    return answer


def _encode(content: Body, faults: set[Fault]) -> bytes:
    shown = dict(content)
    if Fault.MISSING_OPTIONAL_FIELDS in faults:
        shown = {name: value for name, value in shown.items() if name not in OPTIONAL_FIELDS}
    if Fault.UNKNOWN_EXTRA_FIELDS in faults:
        shown |= {"sandbox_new_field": "新字段", "sandbox_new_object": {"count": 1, "list": [None, True]}}
    if Fault.REORDERED_FIELDS in faults:
        reordered = dict(reversed(shown.items()))
        return json.dumps(reordered, ensure_ascii=False, indent=3).encode()
    if Fault.GBK_BODY in faults:
        # A field in Chinese makes the two encodings differ even where the answer itself has none.
        shown |= {"sandbox_note": "编码"}
        return json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode("gbk")
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()
