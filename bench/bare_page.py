"""The floor of a first paint: the same words and the same two fields as plain HTML, with no style, no script, no frame.

It is served by a bare WSGI function behind the server that the pages are served by, from memory.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

PAGE = """<!doctype html>
<html lang="zh-Hans">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>给谁缴费？</title>
<link rel="icon" href="data:,"></head>
<body><h1>给谁缴费？</h1>
<p>输入参保人的身份证号和姓名，不用登录。自己、孩子、父母都可以。</p>
<form method="post" action="/"><p><label>身份证号 <input name="id_no"></label></p>
<p><label>姓名 <input name="name"></label></p><p><button type="submit">查询</button></p></form>
</body>
</html>
""".encode()

StartResponse = Callable[[str, list[tuple[str, str]]], object]


def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Answer every request with the page."""
    headers = [("content-type", "text/html; charset=utf-8"), ("content-length", str(len(PAGE)))]
    start_response("200 OK", [*headers, ("cache-control", "no-store")])
    return [PAGE]


def serve(port: int) -> None:
    """Serve it as the pages are served."""
    from granian import Granian
    from granian.constants import Interfaces

    Granian(
        "bench.bare_page:application",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=4,
        log_access=False,
    ).serve()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
