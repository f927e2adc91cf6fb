"""The one place that touches the `wechatpayv3` SDK, and all of its hardening.

The SDK knows the protocol: paths, fields, the signature of a request, the verification of an answer. What it lacks is
added here and nowhere else. It is used in public-key mode only, since in the other mode its constructor calls the
channel. Its address is a private attribute. It follows redirects, reads answers of any length, trusts signatures of
any age, looks up proxies and passwords in the environment, and asks the channel about keys it does not know. So its
two modules are given another transport and another clock while one of our calls runs (`_Call`, carried by a context
variable; everybody else in the process keeps theirs): the transport bounds time and size, follows nothing and
checks key and age before the SDK sees an answer, and the clock is the instant handed in, because a demonstration runs
on a set business date. `tests/test_adapter.py` fails when an upgrade of the SDK moves one of the private names used
here.

The SDK alone would open a connection per call; `transport.py` keeps a pool.
"""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date
from types import ModuleType
from urllib.parse import urlsplit

import wechatpayv3.core
import wechatpayv3.utils
from wechatpayv3 import WeChatPay, WeChatPayType

from canbao.channels.interface import Mode, NoticeRefusal, NoticeRefused, PlaceOrder, RequestRefund, StatementKind
from canbao.channels.wechat import transport, wire
from canbao.channels.wechat.settings import WeChatSettings
from canbao.channels.wechat.signing import SignatureRefused, signature_headers
from canbao.channels.wechat.statement_file import FileRefused, FileTrouble
from canbao.channels.wechat.transport import AnswerRefused, Transport
from canbao.kernel.clock import Instant

NOTICE_BYTES_MAX = 64 * 1024

_PAY_TYPES = {Mode.H5: WeChatPayType.H5, Mode.NATIVE: WeChatPayType.NATIVE}


@dataclass(slots=True)
class _Call:
    """One call while it runs: the instant it happens at, whose pool it uses, and the words exchanged."""

    now: Instant
    transport: Transport
    serial: str
    sent: str = ""
    status: int | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back.

    `is_heard` is False for silence and for an answer that cannot be believed; `text` is then of no use.
    """

    is_heard: bool
    status: int | None
    text: str
    sent: str
    answer: str


@dataclass(frozen=True, slots=True)
class _Response:
    """The four attributes of an answer that the SDK reads."""

    status_code: int
    headers: Mapping[str, str]
    text: str
    content: bytes = field(default=b"", repr=False)


_running: ContextVar[_Call | None] = ContextVar("wechat_call", default=None)


class _Requests:
    """Stands in for `requests` inside the SDK: our own transport during our calls, the original for everybody else."""

    def __init__(self, original: ModuleType) -> None:
        self.original = original

    def get(self, url: str, **kwargs: object) -> object:  # tidy: py-kwargs (the SDK decides what it passes on)
        """The SDK's GET."""
        call = _running.get()
        if call is None:
            return self.original.get(url=url, **kwargs)
        return _exchange(call, "GET", url, b"", kwargs.get("headers"))

    def post(self, url: str, **kwargs: object) -> object:  # tidy: py-kwargs (the SDK decides what it passes on)
        """The SDK's POST.

        The bytes are made as the SDK made them when it signed, so they are the bytes that were signed.
        """
        call = _running.get()
        if call is None:
            return self.original.post(url=url, **kwargs)
        return _exchange(call, "POST", url, json.dumps(kwargs.get("json")).encode("utf-8"), kwargs.get("headers"))

    def __getattr__(self, name: str) -> object:
        return getattr(self.original, name)


class _Stamp:
    """Stands in for `time` inside the SDK: the call's instant during our calls, the machine's for everybody else."""

    def __init__(self, original: ModuleType) -> None:
        self.original = original

    def time(self) -> float:
        """Seconds since 1970, for the timestamp of a request's signature."""
        call = _running.get()
        machine_time: Callable[[], float] = self.original.time
        return call.now.timestamp() if call is not None else machine_time()

    def __getattr__(self, name: str) -> object:
        return getattr(self.original, name)


def _equip_sdk() -> None:
    """Give the SDK's modules our transport and our stamp, once per process."""
    if not isinstance(wechatpayv3.core.requests, _Requests):
        wechatpayv3.core.requests = _Requests(wechatpayv3.core.requests)
    if not isinstance(wechatpayv3.utils.time, _Stamp):
        wechatpayv3.utils.time = _Stamp(wechatpayv3.utils.time)


def _exchange(call: _Call, method: str, url: str, body: bytes, headers: object) -> _Response:
    """Send one request and read its answer; a 2xx must bear a fresh signature by the one key we know.

    The SDK verifies that signature afterwards. Raises what `Transport.send` raises, or SignatureRefused.
    """
    if not isinstance(headers, dict):
        raise AnswerRefused("the SDK passed no headers")
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    call.sent = f"{method} {target} {wire.masked(body.decode('utf-8'))}".strip()
    answer = call.transport.send(method, url, headers, body)
    call.status = answer.status
    try:
        text = answer.content.decode("utf-8")
    except UnicodeDecodeError as foreign:
        raise AnswerRefused("the answer is not UTF-8") from foreign
    call.answer = wire.masked(text)
    shown = {"Content-Type": "application/json"}
    if 200 <= answer.status < 300:
        shown |= signature_headers(answer.headers, serial=call.serial, now=call.now)
    return _Response(answer.status, shown, text, answer.content)


def _no_call_out() -> None:
    """Replaces the SDK's download of certificates: whatever it is shown, it asks nobody."""
    raise AnswerRefused("a key that is not on our list")


class WeChatAdapter:
    """WeChat Pay as its calls and one reading; nothing of the SDK gets out, no exception either."""

    def __init__(self, settings: WeChatSettings) -> None:
        _equip_sdk()
        self._serial = settings.wechatpay_public_key_id
        self._sdk = WeChatPay(
            wechatpay_type=WeChatPayType.H5,
            mchid=settings.mchid,
            private_key=settings.merchant_private_key,
            cert_serial_no=settings.merchant_serial,
            appid=settings.appid,
            apiv3_key=settings.apiv3_key,
            public_key=settings.wechatpay_public_key,
            public_key_id=settings.wechatpay_public_key_id,
        )
        self._sdk._core._gate_way = settings.base_url
        self._sdk._core._update_certificates = _no_call_out
        self._apiv3_key = settings.apiv3_key
        self._base_url = settings.base_url
        self._transport = Transport(settings.proxy_url)
        # Open connections go with the adapter, or with the process.
        weakref.finalize(self, self._transport.close)

    def place(self, order: PlaceOrder, *, now: Instant) -> Reply:
        """Place an order, H5 or Native."""
        return self._call(
            now,
            lambda: self._sdk.pay(
                description=order.description,
                out_trade_no=order.order_no,
                amount=wire.amount_field(order),
                time_expire=wire.instant_field(order.expires_at),
                scene_info=wire.scene_field(order),
                notify_url=order.notify_url,
                pay_type=_PAY_TYPES[order.mode],
            ),
        )

    def query(self, order_no: str, *, now: Instant) -> Reply:
        """Ask about an order by our number: an unpaid one is found by no other."""
        return self._call(now, lambda: self._sdk.query(out_trade_no=order_no))

    def close(self, order_no: str, *, now: Instant) -> Reply:
        """Close an order."""
        return self._call(now, lambda: self._sdk.close(out_trade_no=order_no))

    def refund(self, request: RequestRefund, *, now: Instant) -> Reply:
        """Ask for a refund of a transaction."""
        return self._call(
            now,
            lambda: self._sdk.refund(
                out_refund_no=request.refund_no,
                amount=wire.refund_amount_field(request),
                transaction_id=request.trade_ref,
                reason=request.reason or None,
                notify_url=request.notify_url,
            ),
        )

    def query_refund(self, refund_no: str, *, now: Instant) -> Reply:
        """Ask about a refund by our number."""
        return self._call(now, lambda: self._sdk.query_refund(out_refund_no=refund_no))

    def bill(self, kind: StatementKind, day: date, *, now: Instant) -> Reply:
        """Ask for a day's statement: the answer says where its file lies."""
        ask_for = self._sdk.trade_bill if kind is StatementKind.TRADES else self._sdk.fundflow_bill
        return self._call(now, lambda: ask_for(bill_date=day.isoformat()))

    def download(self, url: str, keep: Callable[[Iterator[bytes]], int], *, now: Instant) -> Reply:
        """Fetch a statement's file and hand its chunks to `keep`; `text` is the error's when there is none.

        The request is signed, the answer is not. What `keep` raises passes through; FileRefused is also raised for an
        address that is not below our own, and nothing is sent there."""
        if not url.startswith(f"{self._base_url}/") or not wire.is_visible(url):
            raise FileRefused(FileTrouble.FOREIGN_ADDRESS)
        target = url.removeprefix(self._base_url)
        # The token in the address is as good as the file.
        sent = f"GET {target.partition('?')[0]}"
        with ExitStack() as opened, _as_running(_Call(now, self._transport, self._serial, sent=sent)) as call:
            try:
                headers = self._file_headers(target)
                answer = opened.enter_context(
                    self._transport.stream("GET", url, headers, b"", timeout_s=transport.FILE_TIMEOUT_S)
                )
            except Exception as trouble:
                return _unheard(call, trouble)
            call.status = answer.status
            try:
                if answer.status == 200:
                    size = keep(_heard(answer.chunks))
                    return Reply(is_heard=True, status=200, text="", sent=sent, answer=f"{size} bytes")
                text = transport.whole_body(_heard(answer.chunks)).decode("utf-8", errors="replace")
            except AnswerRefused as trouble:
                return _unheard(call, trouble)
            return Reply(is_heard=True, status=answer.status, text=text, sent=sent, answer=wire.masked(text))

    def _file_headers(self, target: str) -> dict[str, str]:
        core = self._sdk._core
        signed: str = wechatpayv3.utils.build_authorization(
            target, "GET", core._mchid, core._cert_serial_no, core._private_key
        )
        return {"Authorization": signed, "Accept": "*/*", "User-Agent": "canbao", "Wechatpay-Serial": self._serial}

    def open_notice(
        self, headers: Mapping[str, str], body: bytes, *, now: Instant
    ) -> tuple[wire.JsonObject, wire.JsonObject]:
        """A notice's envelope and its deciphered contents.

        Sends nothing. Raises NoticeRefused; see its reasons for the order.
        """
        if not 0 < len(body) <= NOTICE_BYTES_MAX:
            raise NoticeRefused(NoticeRefusal.MALFORMED)
        try:
            text = body.decode("utf-8")
            shown = signature_headers(headers, serial=self._serial, now=now)
        except UnicodeDecodeError as foreign:
            raise NoticeRefused(NoticeRefusal.MALFORMED) from foreign
        except SignatureRefused as refused:
            raise NoticeRefused(refused.reason) from refused
        if not self._is_signed(shown, text):
            raise NoticeRefused(NoticeRefusal.BAD_SIGNATURE)
        envelope = wire.read_object(text)
        resource = envelope.get("resource") if envelope is not None else None
        if envelope is None or not isinstance(resource, dict):
            raise NoticeRefused(NoticeRefusal.MALFORMED)
        content = wire.read_object(self._decipher(resource))
        if content is None:
            raise NoticeRefused(NoticeRefusal.MALFORMED)
        return envelope, content

    def _is_signed(self, shown: dict[str, str], text: str) -> bool:
        try:
            return bool(self._sdk._core._verify_signature(shown, text))
        except Exception:
            # The SDK raises bare exceptions for what it cannot read; to us each of them is a signature that does not
            # fit.
            return False

    def _decipher(self, resource: wire.JsonObject) -> str:
        algorithm, nonce, ciphertext = (resource.get(name) for name in ("algorithm", "nonce", "ciphertext"))
        associated = resource.get("associated_data", "")
        if algorithm != "AEAD_AES_256_GCM" or not all(
            isinstance(part, str) for part in (nonce, ciphertext, associated)
        ):
            raise NoticeRefused(NoticeRefusal.MALFORMED)
        try:
            plain = wechatpayv3.utils.aes_decrypt(nonce, ciphertext, associated, self._apiv3_key)
        except Exception as unreadable:
            # Among them: base64 that is none, a nonce of another length, deciphered bytes that are no text.
            raise NoticeRefused(NoticeRefusal.UNDECIPHERABLE) from unreadable
        if not isinstance(plain, str):
            raise NoticeRefused(NoticeRefusal.UNDECIPHERABLE)
        return plain

    def _call(self, now: Instant, ask_sdk: Callable[[], tuple[int, str | bytes]]) -> Reply:
        """Run one SDK call.

        Whatever goes wrong, from a refused connection to a bug in the SDK, is a reply that was not heard.
        """
        with _as_running(_Call(now=now, transport=self._transport, serial=self._serial)) as call:
            try:
                status, text = ask_sdk()
            except Exception as trouble:
                return _unheard(call, trouble)
            heard = text if isinstance(text, str) else text.decode("utf-8")
            return Reply(is_heard=True, status=status, text=heard, sent=call.sent, answer=call.answer)


def _unheard(call: _Call, trouble: Exception) -> Reply:
    reason = str(trouble) if isinstance(trouble, AnswerRefused | SignatureRefused) else type(trouble).__name__
    answer = f"not believed ({reason}) {call.answer}".strip()
    return Reply(is_heard=False, status=call.status, text="", sent=call.sent, answer=answer)


def _heard(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks of a file; a line that breaks becomes AnswerRefused, told apart from whatever keeping them raises."""
    try:
        yield from chunks
    except Exception as trouble:
        raise AnswerRefused(type(trouble).__name__) from trouble


@contextmanager
def _as_running(call: _Call) -> Iterator[_Call]:
    token = _running.set(call)
    try:
        yield call
    finally:
        _running.reset(token)
