"""The few files a page needs besides itself, served from memory: compressed once, addressed by content, cached for
ever.

There are six of them. Reading them at first use and addressing each by its digest makes a new release fetch new files
and an old page keep its own, in every environment and without a collecting step. What npm brings (`weui`, `htmx`) is
put under `build/static/vendor` by `make`.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

OURS = Path(__file__).resolve().parent / "static" / "frame"
CHECKOUT = Path(__file__).resolve().parents[3]

_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file, ready to be sent."""

    digest: str
    content_type: str
    plain: bytes
    compressed: bytes


def vendor() -> Path:
    """Where `make` puts what npm brings; an installation elsewhere sets `VENDOR_DIR`."""
    return Path(getattr(settings, "VENDOR_DIR", CHECKOUT / "build" / "static" / "vendor"))


def _places() -> dict[str, Path]:
    return {
        "canbao.js": OURS / "canbao.js",
        "favicon.svg": OURS / "favicon.svg",
        "weui.min.css": vendor() / "weui" / "weui.min.css",
        "htmx.min.js": vendor() / "htmx" / "htmx.min.js",
    }


@cache
def asset(name: str) -> Asset | None:
    """A file by name; None where `make` has not fetched it (pages work without it) or nobody offers it."""
    place = _places().get(name)
    if place is None or not place.is_file():
        return None
    plain = place.read_bytes()
    return Asset(
        digest=hashlib.sha256(plain).hexdigest()[:16],
        content_type=_TYPES[place.suffix],
        plain=plain,
        compressed=gzip.compress(plain, mtime=0),
    )


def asset_address(name: str) -> str:
    """The address of a file, empty where there is none."""
    found = asset(name)
    return reverse("frame:asset", args=(found.digest, name)) if found is not None else ""


def send_asset(request: HttpRequest, digest: str, name: str) -> HttpResponse:
    """Send a file under its own digest; any other address is not found."""
    found = asset(name)
    if found is None or found.digest != digest:
        raise Http404
    squeezed = "gzip" in request.headers.get("Accept-Encoding", "")
    response = HttpResponse(found.compressed if squeezed else found.plain, content_type=found.content_type)
    if squeezed:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["Vary"] = "Accept-Encoding"
    return response
