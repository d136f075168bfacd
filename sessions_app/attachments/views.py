"""Doors of files: one in, one out, one that takes back. Nothing is ever shown inside the page."""

from urllib.parse import quote

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from roster.accounts.doors import any_login, attempt
from roster.audit.actions import record
from sessions_app.attachments import actions
from sessions_app.attachments.models import Attachment
from sessions_app.attachments.subjects import SUBJECTS, editable


@any_login
@never_cache
@require_GET
def attachment(request: HttpRequest, pk: int) -> HttpResponse:
    """The file, as a download, through scope. The record keeps who took it."""
    row = get_object_or_404(Attachment.objects.readable_by(request.user).filter(withdrawn_at=None), pk=pk)
    if settings.ACCEL:
        answer: HttpResponse = HttpResponse()
        answer["X-Accel-Redirect"] = quote(f"{settings.ACCEL.rstrip('/')}/{row.file.name}")
        answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(row.name)}"
    else:
        try:
            opened = row.file.open("rb")
        except FileNotFoundError:
            raise Http404("文件不在存储里") from None
        answer = FileResponse(opened, as_attachment=True, filename=row.name)
    answer["Content-Type"] = row.content_type
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    record(row, verb="download", by=request.user, at=request.now)
    return answer


@any_login
@require_POST
def attachment_new(request: HttpRequest, subject_type: str, subject_id: int) -> HttpResponse:
    """Keep a file for something the user may change; what that is stands in `subjects.py`."""
    thing = editable(request.user, subject_type, subject_id)
    if thing is None:
        raise Http404
    subject = SUBJECTS[subject_type]
    request.user.using = subject.permission
    upload, kind = request.FILES.get("file"), request.POST.get("kind", "")
    if upload is None:
        messages.error(request, "请先选择要上传的文件。")
    elif kind not in subject.kinds:
        messages.error(request, "这里不能上传这一类附件。")
    elif attempt(
        request,
        lambda: actions.attach(
            thing, committee=subject.committee(thing), kind=kind, upload=upload, by=request.user, at=request.now
        ),
    ):
        messages.success(request, "文件已上传。")
    return redirect(subject.url(thing))


@any_login
@require_POST
def attachment_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Attachment.objects.filter(withdrawn_at=None), pk=pk)
    thing = editable(request.user, row.subject_type, row.subject_id)
    if thing is None:
        raise Http404
    subject = SUBJECTS[row.subject_type]
    request.user.using = subject.permission
    if kept := subject.kept(thing):
        messages.error(request, kept)
    elif attempt(
        request,
        lambda: actions.withdraw(row, reason=request.POST.get("reason", ""), by=request.user, at=request.now),
    ):
        messages.success(request, "附件已撤下，原件仍留存备查。")
    return redirect(subject.url(thing))
