"""Whether this process can serve: asked by whoever runs it, answered in one word."""

from __future__ import annotations

import psycopg
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from canbao.policy import public as policy


@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """`ok` when the database answers, 503 otherwise. Says nothing about what is inside."""
    try:
        policy.regions()
    except psycopg.Error:
        return HttpResponse("database\n", status=503, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")
