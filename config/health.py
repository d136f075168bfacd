"""/healthz: the process answers. /readyz: everything it needs is there. Names and yes or no only: anybody may ask."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache

from roster.accounts.doors import public
from sessions_app.operations import probes


@public
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


@public
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    answers = probes.ready()
    ready = all(answer.well for answer in answers)
    return JsonResponse({"ready": ready} | {a.name: a.well for a in answers}, status=200 if ready else 503)
