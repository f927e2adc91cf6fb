"""One door per audience, and the pages for what none of them answers."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("canbao.doors.frame.urls")),
    path("", include("canbao.doors.citizen.urls")),
    path("", include("canbao.doors.verify.urls")),
]

handler400 = "canbao.doors.frame.refusals.bad_request"
handler403 = "canbao.doors.frame.refusals.forbidden"
handler404 = "canbao.doors.frame.refusals.not_found"
handler500 = "canbao.doors.frame.refusals.broken"
