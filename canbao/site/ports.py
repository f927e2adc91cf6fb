"""Whether something may listen at an address: asked before a server starts, so that a taken port is a sentence and not
a server's inner failure.
"""

from __future__ import annotations

import socket

from canbao.kernel.errors import Retry, declare

PORT_UNUSABLE = declare(
    "site.port_unusable",
    Retry.NEVER,
    "不能在 {host} 端口 {port} 监听（{reason}），请停掉占用它的程序，或用 --host、--port 换一个",
    "Nothing can listen at {host}, port {port} ({reason}); stop what holds it, or name another with --host and --port",
)


def refuse_an_unusable_port(host: str, port: int) -> None:
    """See that one may listen there at this moment. Errors: `site.port_unusable` with the system's reason."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            # Two may bind beside each other and only one listens, so it is asked for as well.
            probe.listen(1)
    except (OSError, UnicodeError) as refused:
        reason = (refused.strerror if isinstance(refused, OSError) else None) or type(refused).__name__
        raise PORT_UNUSABLE(host=host, port=port, reason=reason) from refused
