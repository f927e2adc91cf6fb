"""The WSGI application that granian serves: pages and APIs."""

from __future__ import annotations

from django.core.wsgi import get_wsgi_application

from canbao.site.start import prepare

prepare()
application = get_wsgi_application()
