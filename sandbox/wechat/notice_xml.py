"""The old interface's notices in XML, for what the channel still sends so: a refund that was asked without an address
of its own, and, by fault, anything.

A refund's facts are enciphered with AES-256-ECB under the MD5 of the old interface's key, as that interface does;
nothing about them is signed.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.padding import PKCS7

from sandbox.clock import BEIJING, parse_rfc3339
from sandbox.wechat.fields import Body
from sandbox.wechat.keys import Keys

# The old words for how a refund ended.
STATUS_OF = {"SUCCESS": "SUCCESS", "ABNORMAL": "CHANGE", "CLOSED": "REFUNDCLOSE", "PROCESSING": "PROCESSING"}


def payment_xml(resource: Body) -> bytes:
    """The notice of a payment in the old form."""
    amount = resource["amount"]
    assert isinstance(amount, dict)
    return _xml(
        "xml",
        {
            "return_code": "SUCCESS",
            "result_code": "SUCCESS",
            "mch_id": resource.get("mchid", resource.get("sp_mchid")),
            "appid": resource.get("appid", resource.get("sp_appid")),
            "out_trade_no": resource["out_trade_no"],
            "transaction_id": resource["transaction_id"],
            "total_fee": amount["total"],
        },
    )


def refund_xml(resource: Body, keys: Keys, now: datetime) -> bytes:
    """The notice of a refund in the old form: who is addressed in the clear, the rest in `req_info`."""
    amount = resource["amount"]
    assert isinstance(amount, dict)
    inside: Body = {
        "out_refund_no": resource["out_refund_no"],
        "out_trade_no": resource["out_trade_no"],
        "refund_account": "REFUND_SOURCE_RECHARGE_FUNDS",
        "refund_fee": amount["refund"],
        "refund_id": resource["refund_id"],
        "refund_recv_accout": resource["user_received_account"],
        "refund_request_source": "API",
        "refund_status": STATUS_OF[str(resource["refund_status"])],
        "settlement_refund_fee": amount["refund"],
        "settlement_total_fee": amount["total"],
        "total_fee": amount["total"],
        "transaction_id": resource["transaction_id"],
    }
    if "success_time" in resource:
        succeeded_at = parse_rfc3339(str(resource["success_time"])).astimezone(BEIJING)
        inside["success_time"] = f"{succeeded_at:%Y-%m-%d %H:%M:%S}"
    parties = {"mch_id": resource.get("mchid", resource.get("sp_mchid"))}
    if "sub_mchid" in resource:
        parties["sub_mch_id"] = resource["sub_mchid"]
    sealed = _sealed(_xml("root", inside), keys.api_v2_key())
    nonce = hashlib.sha256(f"{resource['refund_id']}{now.timestamp()}".encode()).hexdigest()[:32]
    outside = {"return_code": "SUCCESS", "appid": keys.appid, **parties, "nonce_str": nonce, "req_info": sealed}
    return _xml("xml", outside)


def _sealed(plain: bytes, key: str) -> str:
    padder = PKCS7(128).padder()
    padded = padder.update(plain) + padder.finalize()
    cipher = Cipher(AES(hashlib.md5(key.encode(), usedforsecurity=False).hexdigest().encode()), ECB()).encryptor()
    return base64.b64encode(cipher.update(padded) + cipher.finalize()).decode()


def _xml(root: str, fields: Body) -> bytes:
    inside = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in fields.items())
    return f"<{root}>{inside}</{root}>".encode()
