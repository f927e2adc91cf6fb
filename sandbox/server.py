"""A small HTTP/1.1 server on loopback whose connections can be spoiled on purpose.

An ordinary ASGI server owns the socket and lets an application say only what a well-behaved answer can say. The
faults of transport (a reset after processing, half a body, a port that closes) need the socket itself, so the
sandbox parses HTTP with `h11` and writes to the connection by hand. It serves a synchronous function from request
to answer, one request at a time per connection, and binds to loopback only.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import h11

from sandbox.exchange import Answer, Request, TransportAct

LOOPBACK = "127.0.0.1"
HEADER_BYTES_MAX = 64 << 10
IDLE_S = 75.0
DRIP_BYTES_MAX = 4096

Responder = Callable[[Request], Awaitable[Answer]]


class HttpServer:
    """One listening port and its connections."""

    def __init__(self, responder: Responder, *, body_bytes_max: int) -> None:
        self._responder = responder
        self._body_bytes_max = body_bytes_max
        self._listener: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    async def listen(self, port: int) -> int:
        """Bind to the port on loopback (0 chooses a free one) and serve from now on; the port bound."""
        self._listener = await asyncio.start_server(
            self._connected, LOOPBACK, port, limit=HEADER_BYTES_MAX, backlog=512
        )
        self.port = int(self._listener.sockets[0].getsockname()[1])
        return self.port

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._listener is not None:
            self._listener.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await _Connection(self, reader, writer, self._responder, self._body_bytes_max).serve()
        except (ConnectionError, TimeoutError, h11.ProtocolError, asyncio.CancelledError):
            # A broken or silent caller ends its own connection and nothing else.
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    def refuse_for(self, seconds: float) -> None:
        """Close the port, so that new connections are refused, and open it again after so many seconds."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
            task = asyncio.get_running_loop().create_task(self._reopen(seconds))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _reopen(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.listen(self.port)


class _Connection:
    """One caller's connection, from its first byte to its last."""

    def __init__(
        self,
        server: HttpServer,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        responder: Responder,
        body_bytes_max: int,
    ) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._responder = responder
        self._body_bytes_max = body_bytes_max
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEADER_BYTES_MAX)

    async def serve(self) -> None:
        """Requests and answers in turn until one side is done."""
        is_open = True
        while is_open:
            request = await self._read_request()
            if request is None:
                return
            answer = await self._responder(request)
            is_open = await self._send(answer, request.method)

    async def _read_request(self) -> Request | None:
        head: h11.Request | None = None
        body = bytearray()
        while len(body) <= self._body_bytes_max:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                if self._http.they_are_waiting_for_100_continue:
                    go_on = h11.InformationalResponse(status_code=100, headers=[])
                    self._writer.write(self._http.send(go_on) or b"")
                async with asyncio.timeout(IDLE_S):
                    self._http.receive_data(await self._reader.read(65536))
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                break
            else:
                return None
        assert head is not None
        # Of a header sent twice the last counts; the channel's callers send none twice.
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in head.headers}
        return Request(
            method=head.method.decode("latin-1"),
            target=head.target.decode("latin-1"),
            headers=headers,
            body=bytes(body),
        )

    async def _send(self, answer: Answer, method: str) -> bool:
        """Send the answer as its act demands; whether the connection serves on."""
        match answer.act:
            case TransportAct.REFUSE:
                self._server.refuse_for(answer.seconds)
                self._reset()
            case TransportAct.RESET:
                self._reset()
            case TransportAct.HANG:
                await asyncio.sleep(answer.seconds)
            case TransportAct.RESET_IN_BODY:
                await self._send_raw(answer, answer.size // 2)
                self._reset()
            case TransportAct.TRUNCATE:
                await self._send_raw(answer, answer.size // 2)
            case TransportAct.DRIP:
                await self._drip(answer)
            case _ if "Content-Length" in answer.headers:
                await self._send_raw(answer, answer.size)
            case _:
                return await self._send_whole(answer, method)
        return False

    async def _send_whole(self, answer: Answer, method: str) -> bool:
        headers = list(answer.headers.items())
        if answer.status != 204:
            headers.append(("Content-Length", str(answer.size)))
        head = h11.Response(status_code=answer.status, headers=headers, reason=_reason(answer.status).encode())
        waiting = self._http.send(head) or b""
        for piece in answer.pieces() if method != "HEAD" else ():
            await self._write(waiting + (self._http.send(h11.Data(data=piece)) or b""))
            waiting = b""
        await self._write(waiting + (self._http.send(h11.EndOfMessage()) or b""))
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        return True

    async def _send_raw(self, answer: Answer, until: int) -> None:
        """Send so many bytes of the body behind a head written by hand."""
        waiting = _raw_head(answer)
        for piece in answer.pieces(until):
            await self._write(waiting + piece)
            waiting = b""
        await self._write(waiting)

    async def _drip(self, answer: Answer) -> None:
        whole = _raw_head(answer) + answer.content()
        step = max(1, len(whole) // DRIP_BYTES_MAX)
        pause = answer.seconds / max(1, len(whole) // step)
        for begin in range(0, len(whole), step):
            await self._write(whole[begin : begin + step])
            await asyncio.sleep(pause)

    async def _write(self, content: bytes) -> None:
        self._writer.write(content)
        await self._writer.drain()

    def _reset(self) -> None:
        """End the connection with RST instead of FIN: no lingering, unsent bytes thrown away."""
        raw = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


def _reason(status: int) -> str:
    return HTTPStatus(status).phrase


def _raw_head(answer: Answer) -> bytes:
    """Status line and headers written by hand, for answers that no HTTP library would agree to send."""
    headers = {"Content-Length": str(answer.size)} | answer.headers | {"Connection": "close"}
    lines = [f"HTTP/1.1 {answer.status} {_reason(answer.status)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
