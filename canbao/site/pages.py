"""The application that granian serves for pages and APIs (`canbao serve`): Django's, behind the porter."""

from __future__ import annotations

import os
from typing import cast

from django.core.wsgi import get_wsgi_application

from canbao.site.porter import Application, Porter
from canbao.site.start import prepare

prepare()
# Its answers can be iterated over, though their stubs do not say so.
application = Porter(cast(Application, get_wsgi_application()), threads=int(os.environ.get("CANBAO_PAGE_THREADS", "4")))
