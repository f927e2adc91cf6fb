"""What every answer tells the browser to refuse: the security headers, in one place.

Pages are personal unless they say otherwise, so nothing is stored and nothing is indexed by default. The referrer is
our origin and nothing more: a wallet refuses to open without a referrer, and an address must not travel. Only one
inline style is allowed, by hash; there is no `unsafe-*` anywhere. A door that needs another policy (the console) sets
its own header and keeps it.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from canbao.doors.frame.style import sheet_hash

HSTS = "max-age=31536000; includeSubDomains"

PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "camera",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "payment",
        "usb",
    )
)


def content_policy() -> str:
    """The content security policy of pages for people."""
    return "; ".join(
        (
            "default-src 'self'",
            # WeUI draws its icons from data addresses.
            "img-src 'self' data:",
            f"style-src 'self' {sheet_hash()}",
            "object-src 'none'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def security_headers(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware, outermost: adds each header that the view has not set itself."""
    fixed = {
        "Content-Security-Policy": content_policy(),
        "Referrer-Policy": "strict-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": PERMISSIONS,
        "Cache-Control": "no-store",
        "X-Robots-Tag": "noindex, nofollow",
    }

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        for name, value in fixed.items():
            response.headers.setdefault(name, value)
        # Production is reached over https only, also where a proxy ends TLS in front of us and asks over http.
        if settings.PRODUCTION:
            response.headers.setdefault("Strict-Transport-Security", HSTS)
        return response

    return answer
