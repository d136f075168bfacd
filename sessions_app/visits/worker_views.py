"""The worker of the score sheet: a script, served where its scope may be the sheets."""

from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from roster.accounts.doors import any_login


@any_login
@require_GET
def onsite_worker(request: HttpRequest) -> HttpResponse:
    text = Path(settings.BASE_DIR, "static", "js", "onsite-worker.js").read_text()
    return HttpResponse(text, content_type="text/javascript; charset=utf-8", headers={"Cache-Control": "no-cache"})
