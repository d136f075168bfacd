"""Doors of corrections: asking, the list, one correction with both versions, and the decisions."""

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from roster.accounts.doors import attempt, filled, permission
from roster.accounts.listing import ordered, page_of
from roster.accounts.roles import Permission
from roster.audit.history import history_of
from roster.audit.moves import Refused
from roster.committees.models import Committee
from sessions_app.attachments.models import Attachment
from sessions_app.attendance.models import Attendance
from sessions_app.attendance.roll import open_roll
from sessions_app.attendance.views import MARKS
from sessions_app.corrections import actions, kinds
from sessions_app.corrections.forms import AskForm, CorrectionFilter, DecideForm, TextForm
from sessions_app.corrections.kind_forms import OF_SESSION, OF_UNIT
from sessions_app.corrections.models import Correction, CorrectionKind, CorrectionStage
from sessions_app.corrections.rules import shown_mark
from sessions_app.minutes.models import Minutes
from sessions_app.sessions.models import Participation, SessionPart

P = Permission
TONES = {"ASKED": "near", "LEADER_AGREED": "near", "AGREED": "ok", "REFUSED": "muted"}
READING = (P.ROLL_READ, P.CORRECTION_ASK)
SORTS = {"asked": ("-asked_at",), "stage": ("stage", "-asked_at"), "day": ("-day", "-number")}
WORDS = dict(Attendance.choices)


@permission(*READING)
@require_GET
def correction_list(request: HttpRequest) -> HttpResponse:
    form = CorrectionFilter(request.GET)
    given = form.cleaned_data if form.is_valid() else {}
    rows = Correction.objects.open_to(request.user, P.ROLL_READ).select_related(
        "committee", "study_session", "asked_by", "decided_by"
    )
    if given.get("q"):
        rows = rows.filter(Q(about__icontains=given["q"]) | Q(reason__icontains=given["q"]))
    for name in ("stage", "kind"):
        if given.get(name):
            rows = rows.filter(**{name: given[name]})
    rows, sort = ordered(request, rows, SORTS, "asked")
    page = page_of(request, rows)
    for row in page:
        row.tone = TONES[row.stage]
    filtered = any(request.GET.get(name) for name in form.fields)
    places = list(Committee.objects.open_to(request.user, P.CORRECTION_ASK).in_order()[:5])
    context = {"form": form, "page_obj": page, "sort": sort, "filtered": filtered, "places": places}
    return render(request, "corrections/list.html", context)


def _texts(minutes: Minutes | None) -> list[tuple[str, str, str]]:
    if minutes is None:
        return []
    rows = minutes.sections.select_related("agenda_item", "speech__speaker").order_by("id")
    found = [(f"section-{row.pk}", actions.section_label(row), row.text) for row in rows]
    return [*found, ("discussion", "交流发言摘要", minutes.discussion), ("summary", "主持人总结", minutes.summary)]


def _mark_rows(participation: Participation, posted: Any, today: Any) -> list[dict[str, Any]]:
    """Every member of every part with the kept mark beside the one that shall stand."""
    roll = open_roll(participation, today=today)
    many = len(roll.parts) > 1
    rows = []
    for part in roll.parts:
        for row in part.rows:
            key = f"{part.part.pk}-{row.person_id}"
            kept = row.status if row.saved else ""
            status = posted.get(f"mark-{key}", "") if posted is not None else kept
            reason = posted.get(f"reason-{key}", "") if posted is not None else row.reason
            old = {"status": kept, "reason": row.reason, "late": row.late, "early": row.early} if kept else {}
            rows.append(
                {
                    "pk": key,
                    "name": row.name,
                    "post": f"{part.part.day.month}月{part.part.day.day}日" if many else row.post,
                    "pinyin": row.pinyin,
                    "marks": [
                        {"value": value, "label": label, "tone": tone, "reason": asks, "checked": status == value}
                        for value, label, tone, asks in MARKS
                    ],
                    "mark_name": f"mark-{key}",
                    "reason_name": f"reason-{key}",
                    "late_name": f"late-{key}",
                    "early_name": f"early-{key}",
                    "reason": reason,
                    "late": bool(posted.get(f"late-{key}")) if posted is not None else row.late,
                    "early": bool(posted.get(f"early-{key}")) if posted is not None else row.early,
                    "note": "原记 " + shown_mark(old, WORDS),
                    "note_tone": "muted",
                    "typed": {
                        "part": part.part.pk, "person": row.person_id, "status": status, "reason": reason,
                        "late": bool(posted.get(f"late-{key}")) if posted is not None else row.late,
                        "early": bool(posted.get(f"early-{key}")) if posted is not None else row.early,
                    },
                }
            )  # fmt: skip
    return rows


@permission(P.CORRECTION_ASK)
@require_http_methods(["GET", "POST"])
def correction_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask to correct the user's own committee's part of a session; `pk` is the session's, `kind` what of it."""
    rows = Participation.objects.open_to(request.user, P.CORRECTION_ASK).select_related("study_session", "committee")
    participation = get_object_or_404(rows.filter(study_session_id=pk).order_by("-is_host")[:1])
    kind = request.POST.get("kind") or request.GET.get("kind") or CorrectionKind.ATTENDANCE
    minutes = Minutes.objects.filter(study_session=pk).first() if participation.is_host else None
    if kind in OF_SESSION:
        form = OF_SESSION[kind](request.POST or None, participation=participation, prefix="of")
        return _ask_kind(request, kind, form, _about(participation, minutes))
    return _ask_texts(request, participation, minutes, kind)


def _about(participation: Participation, minutes: Minutes | None) -> dict[str, Any]:
    """The head of the page and the kinds it offers; what is the host's is offered to the host."""
    offered = [CorrectionKind.ATTENDANCE]
    offered += [CorrectionKind.MINUTES] if minutes is not None else []
    offered += [CorrectionKind.SPEECH, CorrectionKind.MAKE_UP]
    offered += [CorrectionKind.SESSION_DAY, CorrectionKind.STRIKE_OUT] if participation.is_host else []
    session = participation.study_session
    return {
        "participation": participation, "session": session, "offered": offered, "back": session.get_absolute_url(),
        "words": f"{participation.committee} · {session.day.month}月{session.day.day}日 · {session.topic}",
    }  # fmt: skip


def _ask_kind(request: HttpRequest, kind: str, form: Any, about: dict[str, Any]) -> HttpResponse:
    """One of the kinds that have a form of their own."""
    why = AskForm(request.POST or None)
    refused: list[str] = []
    if request.method == "POST" and why.is_valid() and form.is_valid():
        try:
            row = actions.ask_for(form.proposal(), **why.cleaned_data, by=request.user, at=request.now)
            messages.success(request, f"更正{row.number}已申请，等组长同意；在此之前数字不变。")
            return redirect(row)
        except Refused as refusal:
            refused = refusal.reasons
    context = {"form": why, "texts": form, "rows": [], "kind": kind, "refused": refused, **about}
    return render(request, "corrections/new.html", context, status=422 if request.method == "POST" else 200)


def _ask_of_unit(request: HttpRequest, pk: int, kind: CorrectionKind) -> HttpResponse:
    place = get_object_or_404(Committee.objects.open_to(request.user, P.CORRECTION_ASK), pk=pk)
    form = OF_UNIT[kind](request.POST or None, committee=place)
    back = {"back": reverse("correction_list"), "offered": [], "words": f"{place} · {kind.label}"}
    return _ask_kind(request, kind, form, back)


@permission(P.CORRECTION_ASK)
@require_http_methods(["GET", "POST"])
def correction_membership(request: HttpRequest, pk: int) -> HttpResponse:
    """A late appointment or wrong dates in a period that is closed; `pk` is the committee's."""
    return _ask_of_unit(request, pk, CorrectionKind.MEMBERSHIP)


@permission(P.CORRECTION_ASK)
@require_http_methods(["GET", "POST"])
def correction_outcome(request: HttpRequest, pk: int) -> HttpResponse:
    """A result left out, wrong or not to be counted, in a period that is closed; `pk` is the committee's."""
    return _ask_of_unit(request, pk, CorrectionKind.OUTCOME)


def _ask_texts(request: HttpRequest, participation: Participation, minutes: Minutes | None, kind: str) -> HttpResponse:
    """The roll, or the texts of the minutes."""
    form = AskForm(request.POST or None)
    texts = TextForm(request.POST or None, texts=_texts(minutes)) if kind == CorrectionKind.MINUTES else None
    marks = _mark_rows(participation, request.POST or None, request.today) if texts is None else []
    refused: list[str] = []
    if request.method == "POST" and form.is_valid() and (texts is None or texts.is_valid()):
        given: dict[str, Any] = {"marks": [row["typed"] for row in marks if row["typed"]["status"]]}
        if texts is not None:
            data = texts.cleaned_data
            sections = {int(name.split("-")[1]): text for name, text in data.items() if name.startswith("section-")}
            given = {"sections": sections, "discussion": data.get("discussion"), "summary": data.get("summary")}
        try:
            row = actions.ask(participation, **given, **form.cleaned_data, by=request.user, at=request.now)
            messages.success(request, f"更正{row.number}已申请，等组长同意；在此之前数字不变。")
            return redirect(row)
        except Refused as refusal:
            refused = refusal.reasons
    context = {
        "form": form,
        "texts": texts,
        "rows": marks,
        "kind": kind,
        "refused": refused,
        **_about(participation, minutes),
    }
    return render(request, "corrections/new.html", context, status=422 if request.method == "POST" else 200)


@permission(*READING)
@require_GET
def correction(request: HttpRequest, pk: int) -> HttpResponse:
    """Both versions side by side, who asked, who agreed."""
    rows = Correction.objects.open_to(request.user, P.ROLL_READ).select_related(
        "committee", "study_session", "asked_by", "decided_by", "countersigned_by"
    )
    row = get_object_or_404(rows, pk=pk)
    hands = {row.asked_by_id, row.decided_by_id}

    def open_with(permission_name: Permission) -> bool:
        mine = request.user.person_id not in hands
        return mine and Correction.objects.open_to(request.user, permission_name).filter(pk=pk).exists()

    decides = row.stage == CorrectionStage.ASKED and open_with(P.CORRECTION_DECIDE)
    countersigns = row.stage == CorrectionStage.LEADER_AGREED and open_with(P.CORRECTION_COUNTERSIGN)
    context = {
        "correction": row,
        "tone": TONES[row.stage],
        "lines": changes_of(row),
        "decide_url": "correction_decide" if decides else "correction_countersign" if countersigns else "",
        "files": list(Attachment.objects.about(row)),
        "may_upload": row.stage == CorrectionStage.ASKED
        and Correction.objects.open_to(request.user, P.CORRECTION_ASK).filter(pk=pk).exists(),
        "events": history_of(row),
        "reasons": ["依据不足", "请核对后重新申请"],
    }
    return render(request, "corrections/correction.html", context)


def changes_of(row: Correction) -> list[dict[str, str]]:
    """label, before, after of everything that changes."""
    if row.kind == CorrectionKind.ATTENDANCE:
        days = dict(SessionPart.objects.filter(study_session_id=row.study_session_id).values_list("pk", "day"))
        many = len(days) > 1
        found = []
        for old, new in zip(row.before["marks"], row.after["marks"], strict=True):
            day = days.get(new["part"]) if many else None
            label = f"{new['name']} {day.month}月{day.day}日" if day else new["name"]
            found.append({"label": label, "before": shown_mark(old, WORDS), "after": shown_mark(new, WORDS)})
        return found
    if row.kind != CorrectionKind.MINUTES:
        return kinds.lines(row.kind, row.before, row.after)
    pairs = zip(row.before.get("sections", []), row.after.get("sections", []), strict=True)
    found = [{"label": new["label"], "before": old["text"], "after": new["text"]} for old, new in pairs]
    for name, label in (("discussion", "交流发言摘要"), ("summary", "主持人总结")):
        if name in row.after:
            found.append({"label": label, "before": row.before[name], "after": row.after[name]})
    return found


def _decided(request: HttpRequest, row: Correction, act: Any) -> HttpResponse:
    form = DecideForm(request.POST)
    if filled(request, form):
        agree = form.cleaned_data["agree"] == "yes"
        done = attempt(
            request,
            lambda: act(
                row, agree=agree, note=form.cleaned_data["reason"], version=form.cleaned_data["version"], by=request.user,
                at=request.now,
            ),
        )  # fmt: skip
        if done is not None:
            words = {
                CorrectionStage.AGREED: "已同意，更正生效，数字随之改变。",
                CorrectionStage.LEADER_AGREED: "已同意。年度已截止，还要宣传部同意后才生效。",
                CorrectionStage.REFUSED: "已标为不同意，原记录不变。",
            }
            messages.success(request, words[CorrectionStage(done.stage)])
    return redirect(row)


@permission(P.CORRECTION_DECIDE)
@require_POST
def correction_decide(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Correction.objects.open_to(request.user, P.CORRECTION_DECIDE), pk=pk)
    return _decided(request, row, actions.decide)


@permission(P.CORRECTION_COUNTERSIGN)
@require_POST
def correction_countersign(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Correction.objects.open_to(request.user, P.CORRECTION_COUNTERSIGN), pk=pk)
    return _decided(request, row, actions.countersign)
