"""The site of these tests: the frame and the verification door, as the whole site mounts them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def _home(request: HttpRequest) -> HttpResponse:
    return HttpResponse("")


urlpatterns = [
    path("", _home),
    path("", include("canbao.doors.frame.urls")),
    path("", include("canbao.doors.verify.urls")),
]
handler404 = "canbao.doors.frame.refusals.not_found"
