"""A client for the control plane, for tests, the demo and benchmarks.

    with SandboxClient(control_url) as sandbox:
        sandbox.add_fault("notice_duplicate", out_trade_no="C36*", count=2)
        sandbox.pay(out_trade_no="C3601001")

Every refusal raises `SandboxError` with the sandbox's own sentence.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from types import TracebackType

import httpx

Content = dict[str, object]


class SandboxError(Exception):
    """The sandbox refused; `code` is for programs."""

    def __init__(self, status: int, code: str, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.status = status
        self.code = code


class SandboxClient:
    """One connection to the control plane at `control_url` (as `merchant.json` names it)."""

    def __init__(self, control_url: str, *, timeout_s: float = 60.0) -> None:
        # The control plane speaks plain http on this machine: no certificates are read for it.
        self._http = httpx.Client(timeout=timeout_s, trust_env=False, verify=False)
        self._url = control_url.rstrip("/")

    def __enter__(self) -> SandboxClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Content:
        """The content under a path such as `/orders`."""
        return _read(self._http.get(self._url + path, params=query))

    def post(self, path: str, content: Mapping[str, object] | None = None) -> Content:
        """Do what the path stands for."""
        return _read(self._http.post(self._url + path, json=dict(content or {})))

    def create_payer(self, *, name: str, balance_fen: int, openid: str = "") -> Content:
        """Make a payer with this balance; the payer, with its openid."""
        return self.post("/payers", {"name": name, "balance_fen": balance_fen, "openid": openid})

    def set_balance(self, openid: str, balance_fen: int) -> Content:
        """Top up or draw down to exactly this balance; the payer afterwards."""
        return self.post(f"/payers/{openid}/balance", {"balance_fen": balance_fen})

    def order(self, out_trade_no: str) -> Content:
        """One order as the channel knows it."""
        return _one(self.get("/orders", {"out_trade_no": out_trade_no}), "orders")

    def pay(self, *, out_trade_no: str = "", prepay_id: str = "", page_code: str = "", openid: str = "") -> Content:
        """Pay as the payer (the first one where none is named); the order afterwards."""
        return self.post("/pay", _names(out_trade_no, prepay_id, page_code) | {"openid": openid})

    def cancel(self, *, out_trade_no: str = "", prepay_id: str = "", page_code: str = "") -> Content:
        """The payer goes away without paying; the order, unchanged."""
        return self.post("/cancel", _names(out_trade_no, prepay_id, page_code))

    def fail(self, *, out_trade_no: str = "", prepay_id: str = "", page_code: str = "") -> Content:
        """The payer's attempt fails; the order, unchanged."""
        return self.post("/fail", _names(out_trade_no, prepay_id, page_code))

    def refunds(self, out_trade_no: str = "") -> list[Content]:
        """Refunds as the channel knows them, newest first; of one order or of all."""
        return _many(self.get("/refunds", {"out_trade_no": out_trade_no} if out_trade_no else None), "refunds")

    def refund(self, out_refund_no: str) -> Content:
        """One refund as the channel knows it."""
        return _one(self.get("/refunds", {"out_refund_no": out_refund_no}), "refunds")

    def finish_refund(self, out_refund_no: str, *, state: str = "SUCCESS") -> Content:
        """End a refund in work now, as `SUCCESS`, `ABNORMAL` or `CLOSED`; the refund afterwards."""
        return self.post("/refunds/finish", {"out_refund_no": out_refund_no, "state": state})

    def refund_by_clerk(self, out_trade_no: str, amount_fen: int) -> Content:
        """A clerk refunds by hand in the merchant's web platform; the refund, with the number it was given."""
        return self.post("/refunds", {"out_trade_no": out_trade_no, "amount_fen": amount_fen})

    def bill(self, day: str, *, bill_type: str = "ALL", sub_mchid: str = "") -> str:
        """The trade bill of a day (`2024-11-15`) as the channel's book has it, at any hour and without the faults;
        empty where nothing happened."""
        query = {"kind": "trade", "day": day, "bill_type": bill_type} | ({"sub_mchid": sub_mchid} if sub_mchid else {})
        return str(self.get("/bills", query)["text"])

    def fund_bill(self, day: str) -> str:
        """The movements of the merchant's account on a day, in the same way."""
        return str(self.get("/bills", {"kind": "funds", "day": day})["text"])

    def set_payer_state(self, openid: str, state: str) -> Content:
        """Make a payer `normal`, `card_dead` or `cancelled`; the payer afterwards."""
        return self.post(f"/payers/{openid}/state", {"state": state})

    def merchant_money(self) -> Content:
        """What the merchant holds at the channel and took to its bank, in fen, and the fee it pays."""
        return self.get("/merchant/money")

    def withdraw(self, amount_fen: int | None = None) -> Content:
        """Take the merchant's money, or so much of it, to its bank; what it then holds."""
        return self.post("/merchant/withdraw", {} if amount_fen is None else {"amount_fen": amount_fen})

    def deposit(self, amount_fen: int) -> Content:
        """Put money of the merchant's own in; what it then holds."""
        return self.post("/merchant/deposit", {"amount_fen": amount_fen})

    def set_fee(self, per_million: int) -> Content:
        """What the channel keeps of each million fen from now on."""
        return self.post("/merchant/fee", {"fee_per_million": per_million})

    def set_rate(self, name: str, per_s: int) -> Content:
        """How often a call may be made in a second of virtual time; 0 is no limit."""
        return self.post("/rates", {"name": name, "per_s": per_s})

    def add_fault(
        self,
        fault: str,
        *,
        endpoint: str = "",
        out_trade_no: str = "*",
        nth: int = 1,
        times: int = 1,
        probability: float = 1.0,
        seconds: float = 30.0,
        count: int = 1,
        delta_fen: int = 1,
        code: str = "SYSTEM_ERROR",
    ) -> int:
        """Put a fault in force; its number. `times` 0 is always; see `sandbox/wechat/faults.py` for what each does."""
        wish: Content = {
            "fault": fault,
            "out_trade_no": out_trade_no,
            "nth": nth,
            "times": times,
            "probability": probability,
            "seconds": seconds,
            "count": count,
            "delta_fen": delta_fen,
            "code": code,
        }
        if endpoint:
            wish["endpoint"] = endpoint
        return _whole(self.post("/faults", wish), "number")

    def clear_faults(self) -> int:
        """Take every fault back; how many there were."""
        return _whole(self.post("/faults/clear"), "cleared_count")

    def now(self) -> str:
        """The virtual instant, in RFC 3339."""
        return str(self.get("/clock")["now"])

    def shift_seconds(self) -> int:
        """Seconds of virtual time ahead of real time."""
        return _whole(self.get("/clock"), "shift_seconds")

    def advance(self, seconds: float) -> str:
        """Move virtual time on; the new instant."""
        return str(self.post("/clock", {"advance_s": seconds})["now"])

    def set_clock(self, instant: str) -> str:
        """Make now this instant (RFC 3339); the new instant."""
        return str(self.post("/clock", {"set_to": instant})["now"])

    def notices(self, out_trade_no: str = "") -> list[Content]:
        """Notices with their attempts, of one order or of all."""
        return _many(self.get("/notices", {"out_trade_no": out_trade_no} if out_trade_no else None), "notices")

    def hold_notices(self) -> None:
        """Keep every notice back from now on."""
        self.post("/notices/hold")

    def release_notices(self) -> None:
        """Let held notices go."""
        self.post("/notices/release")

    def reorder_notices(self, notice_ids: Sequence[str]) -> Content:
        """Send held notices one after the other in this order; `outcomes` are the answers."""
        return self.post("/notices/reorder", {"notice_ids": list(notice_ids)})

    def deliver_notices(self) -> int:
        """Deliver all that is due and wait for every answer; how many were sent."""
        return _whole(self.post("/notices/deliver"), "sent_count")

    def replay_notice(
        self, notice_id: str, *, copies: int = 1, is_concurrent: bool = False, is_original: bool = False
    ) -> Content:
        """Send a notice again so many times; `outcomes` are the answers."""
        wish = {"copies": copies, "is_concurrent": is_concurrent, "is_original": is_original}
        return self.post(f"/notices/{notice_id}/replay", wish)

    def ledger(self) -> Content:
        """Every account and transfer, and what is wrong with them."""
        return self.get("/ledger")

    def findings(self) -> list[str]:
        """What is wrong in the channel's own book."""
        found = self.ledger()["findings"]
        assert isinstance(found, list)
        return [str(one) for one in found]

    def set_mode(self, mode: str) -> Content:
        """By which key the merchant verifies: `certificate`, `switching` or `public_key`."""
        return self.post("/merchant", {"mode": mode})

    def set_h5_hosts(self, hosts: Sequence[str]) -> Content:
        """Register the hosts from which the H5 page may be opened."""
        return self.post("/merchant", {"h5_hosts": list(hosts)})

    def rotate_keys(self) -> Content:
        """Make a new platform certificate; the old one lives seven days more."""
        return self.post("/keys/rotate")

    def reset(self, seed: int = 1) -> None:
        """Forget everything but the keys, and begin with this seed."""
        self.post("/reset", {"seed": seed})

    def log(self) -> list[Content]:
        """The latest requests, masked."""
        return _many(self.get("/log"), "log")

    def bulk_notices(
        self, orders: Sequence[tuple[str, int]], *, is_paid_here: bool = False
    ) -> list[tuple[dict[str, str], bytes]]:
        """Signed notices for orders given as (out_trade_no, amount in fen): headers and body of each."""
        wish = _bulk_wish(orders, is_paid_here=is_paid_here)
        return [_message(one) for one in _many(self.post("/bulk_notices", wish), "notices")]

    def write_bulk_notices(
        self, orders: Sequence[tuple[str, int]], file_name: str, *, is_paid_here: bool = False
    ) -> str:
        """The same, written to a file in the state directory, a JSON line each; its path."""
        wish = _bulk_wish(orders, is_paid_here=is_paid_here) | {"file_name": file_name}
        return str(self.post("/bulk_notices", wish)["path"])


def _bulk_wish(orders: Sequence[tuple[str, int]], *, is_paid_here: bool) -> Content:
    named = [{"out_trade_no": number, "amount_fen": amount_fen} for number, amount_fen in orders]
    return {"orders": named, "is_paid_here": is_paid_here}


def _message(line: Content) -> tuple[dict[str, str], bytes]:
    headers = line["headers"]
    assert isinstance(headers, dict)
    return headers, base64.b64decode(str(line["body_base64"]))


def _names(out_trade_no: str, prepay_id: str, page_code: str) -> Content:
    return {"out_trade_no": out_trade_no, "prepay_id": prepay_id, "page_code": page_code}


def _read(answer: httpx.Response) -> Content:
    content: Content = answer.json()
    if answer.status_code >= 400:
        raise SandboxError(answer.status_code, str(content.get("code")), str(content.get("message")))
    return content


def _whole(content: Content, name: str) -> int:
    value = content[name]
    assert isinstance(value, int)
    return value


def _many(content: Content, name: str) -> list[Content]:
    value = content[name]
    assert isinstance(value, list)
    return value


def _one(content: Content, name: str) -> Content:
    (only,) = _many(content, name)
    return only
