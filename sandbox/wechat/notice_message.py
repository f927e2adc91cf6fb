"""How a notice looks on the wire: the resource encrypted, the envelope around it, the signature over both.

Here too the faults that spoil a message act: a wrong fact inside a good signature, a bad signature around good
facts, or a body of quite another form. Pure but for the randomness of nonces.
"""

from __future__ import annotations

import copy
import json
import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from sandbox.clock import rfc3339
from sandbox.wechat.faults import Fault, Rule
from sandbox.wechat.fields import Body
from sandbox.wechat.keys import Keys
from sandbox.wechat.notice_xml import payment_xml, refund_xml
from sandbox.wechat.wire import answer_headers, encrypt_resource, sign, signed_text

AN_HOUR = timedelta(hours=1)
SUMMARY_OF = {
    "TRANSACTION.SUCCESS": "支付成功",
    "REFUND.SUCCESS": "退款成功",
    "REFUND.ABNORMAL": "退款异常",
    "REFUND.CLOSED": "退款关闭",
}
PROBE = "WECHATPAY/SIGNTEST/"
NONCE_ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeFacts:
    """What a notice is about, before it is encrypted."""

    notice_id: str
    event_type: str
    created_at: datetime
    resource: Body
    is_v2: bool = False

    @property
    def is_of_refund(self) -> bool:
        """Whether it tells of a refund, not of a payment."""
        return self.event_type.startswith("REFUND.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Headers and body, ready to be posted."""

    headers: dict[str, str]
    body: bytes


class Sealer:
    """Turns facts into messages under the platform's keys, or a stranger's where a fault says so."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._stranger: RSAPrivateKey | None = None

    def stranger(self) -> RSAPrivateKey:
        """A key that belongs to nobody in this play; made when first needed."""
        if self._stranger is None:
            self._stranger = generate_private_key(65537, 2048)
        return self._stranger

    def seal(self, facts: NoticeFacts, rules: Sequence[Rule], turn: int, now: datetime) -> Message:
        """A finished message; `turn` chooses between the platform's keys while two are valid."""
        faults = {rule.fault for rule in rules}
        spoiled = _spoil_facts(facts, rules)
        if facts.is_v2:
            return Message(headers=_plain_headers(is_xml=True), body=refund_xml(spoiled, self._keys, now))
        body = self._body(facts, spoiled, faults, now)
        serial, private_key = self._keys.notice_signer(turn, now)
        if faults & {Fault.NOTICE_FORGED, Fault.NOTICE_UNKNOWN_SERIAL}:
            private_key = self.stranger()
        if Fault.NOTICE_UNKNOWN_SERIAL in faults:
            serial = UNKNOWN_SERIAL
        signed_at = now
        if Fault.NOTICE_STALE in faults:
            signed_at = now - AN_HOUR
        if Fault.NOTICE_FUTURE in faults:
            signed_at = now + AN_HOUR
        signed_body = body + b" " if Fault.NOTICE_SIGNED_OTHER_BYTES in faults else body
        timestamp, nonce = str(int(signed_at.timestamp())), new_nonce(32)
        signature = sign(private_key, signed_text(timestamp, nonce, signed_body))
        if Fault.NOTICE_PROBE_SIGNATURE in faults:
            signature = probe_of(signature)
        headers = _plain_headers(is_xml=Fault.NOTICE_XML in faults)
        if Fault.NOTICE_MISSING_HEADERS not in faults:
            headers |= answer_headers(serial=serial, timestamp=timestamp, nonce=nonce, signature=signature)
        return Message(headers=headers, body=body)

    def _body(self, facts: NoticeFacts, resource: Body, faults: set[Fault], now: datetime) -> bytes:
        if Fault.NOTICE_XML in faults:
            return refund_xml(resource, self._keys, now) if facts.is_of_refund else payment_xml(resource)
        plain = json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode()
        nonce = new_nonce(12)
        key = self._keys.api_v3_key
        if Fault.NOTICE_TAMPERED_RESOURCE in faults:
            key = key[::-1] if key != key[::-1] else "0" * 32
        kind = "refund" if facts.is_of_refund else "transaction"
        inside: Body = {"original_type": kind}
        if Fault.NOTICE_PLAIN_TEXT in faults:
            inside |= resource
        else:
            inside |= {
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": encrypt_resource(key, nonce, kind, plain),
                "associated_data": kind,
                "nonce": nonce,
            }
        envelope: Body = {
            "id": facts.notice_id,
            "create_time": rfc3339(facts.created_at),
            "resource_type": "encrypt-resource",
            "event_type": facts.event_type,
            "summary": SUMMARY_OF[facts.event_type],
            "resource": inside,
        }
        return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()


UNKNOWN_SERIAL = "5A" + "0" * 30 + "DEADBEEF"


def new_nonce(length: int) -> str:
    """Random letters and digits, as the channel's nonces are."""
    return "".join(secrets.choice(NONCE_ALPHABET) for _ in range(length))


def probe_of(signature: str) -> str:
    """A signature of the channel's probe traffic: the known beginning, and the length of a real one."""
    return (PROBE + signature)[: len(signature)]


def _plain_headers(*, is_xml: bool) -> dict[str, str]:
    return {
        "Accept": "*/*",
        "Content-Type": "text/xml" if is_xml else "application/json",
        "User-Agent": "Mozilla/4.0 (canbao wechat sandbox)",
    }


def _spoil_facts(facts: NoticeFacts, rules: Sequence[Rule]) -> Body:
    spoiled = copy.deepcopy(facts.resource)
    amount = spoiled["amount"]
    assert isinstance(amount, dict)
    merchant = "sp_mchid" if "sp_mchid" in spoiled else "mchid"
    app = "sp_appid" if "sp_appid" in spoiled else "appid"
    for rule in rules:
        match rule.fault:
            case Fault.NOTICE_WRONG_AMOUNT:
                part = "refund" if facts.is_of_refund else "total"
                amount[part] += rule.delta_fen
                amount[f"payer_{part}"] += rule.delta_fen
            case Fault.NOTICE_WRONG_CURRENCY:
                amount["currency"] = amount["payer_currency"] = "USD"
            case Fault.NOTICE_WRONG_MERCHANT:
                spoiled[merchant] = "1900000001"
            case Fault.NOTICE_WRONG_APP:
                spoiled[app] = "wx0000000000000001"
            case Fault.NOTICE_WRONG_ORDER:
                spoiled["out_trade_no"] = "never_placed_" + secrets.token_hex(8)
            case Fault.NOTICE_WRONG_STATE:
                if facts.is_of_refund:
                    spoiled["refund_status"] = "PROCESSING"
                else:
                    spoiled["trade_state"] = "NOTPAY"
            case Fault.NOTICE_WRONG_REFUND if facts.is_of_refund:
                spoiled["out_refund_no"] = "never_asked_" + secrets.token_hex(8)
            case _:
                pass
    return spoiled
