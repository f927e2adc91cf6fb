"""A letterbox on a loopback port: where the played channel posts its notices, so that a test decides what becomes of
them.
"""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from canbao.kernel.clock import FixedClock, Instant


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, letterbox: Letterbox) -> None:
        self.letterbox = letterbox
        super().__init__(("127.0.0.1", 0), _Postbox)


class _Postbox(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Listener

    def do_POST(self) -> None:
        """Take what is posted, and answer as the test has set."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        letterbox = self.server.letterbox
        letterbox.letters.append((headers, body, letterbox.clock.now()))
        self.send_response(self.server.letterbox.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Letterbox:
    """Where the channel posts its notices: kept in the order of arrival until a test takes them out."""

    def __init__(self, clock: FixedClock) -> None:
        self.letters: list[tuple[dict[str, str], bytes, Instant]] = []
        self.clock = clock
        self.status = 204
        self._listener = _Listener(self)
        self.url = f"http://127.0.0.1:{self._listener.server_port}/notices/wechat"
        self._thread = threading.Thread(target=self._listener.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def take(self) -> list[tuple[dict[str, str], bytes]]:
        """Headers and body of everything that lies in it; it is empty afterwards."""
        return [(headers, body) for headers, body, _ in self.take_stamped()]

    def take_stamped(self) -> list[tuple[dict[str, str], bytes, Instant]]:
        """The same, each with the instant at which it came."""
        taken, self.letters = self.letters, []
        return taken

    def close(self) -> None:
        """Stop listening."""
        self._listener.shutdown()
        self._listener.server_close()
        self._thread.join(5)
