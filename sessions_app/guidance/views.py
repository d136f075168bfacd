"""Doors of study prompts: the list, writing one, the prompt as each side sees it, its moves, the matrix."""

import uuid
from typing import Any
from urllib.parse import quote, urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from roster import outside
from roster.accounts.doors import attempt, filled, permission, say
from roster.accounts.listing import SIZES, ordered, page_of
from roster.accounts.roles import Permission
from roster.accounts.sheets import workbook
from roster.accounts.stale import same
from roster.audit.actions import SHANGHAI, record
from roster.audit.history import history_of
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused, Stale
from roster.committees.models import Committee
from sessions_app.guidance import actions, matrix, rules
from sessions_app.guidance.forms import (
    MapForm,
    MatrixFilter,
    PromptFilter,
    PromptForm,
    ReadingFormSet,
    TopicFormSet,
    VersionForm,
    open_parts,
    prompt_differences,
    tops,
    typed,
)
from sessions_app.guidance.models import Department, PromptMapping, PromptStage, PromptTopic, StudyPrompt
from sessions_app.guidance.rules import QUARTER_WORDS, TopicState
from sessions_app.plans.forms import with_values
from sessions_app.policies import calendar, parameters
from sessions_app.policies.rules import left_words
from sessions_app.policies.rules import tone as tone_of
from sessions_app.sessions.forms import open_items
from sessions_app.sessions.models import ReleaseType

P = Permission
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
STAGE_TONES = {PromptStage.DRAFT: "muted", PromptStage.PUBLISHED: "near", PromptStage.CLOSED: "ok"}
STATE_TONES = {
    TopicState.UNRECEIVED: "behind", TopicState.RECEIVED: "near", TopicState.PLANNED: "near", TopicState.STUDIED: "ok",
}  # fmt: skip
SORTS = {"quarter": ("-year", "-quarter", "-pk"), "published": ("-published_at", "-pk"), "title": ("title", "-pk")}
MATRIX_ROWS = 50
BLANK_TOPICS, BLANK_READINGS = 3, 4


def _open(request: HttpRequest, pk: int, needed: Permission) -> StudyPrompt:
    rows = StudyPrompt.objects.select_related("committee", "published_by", "drafted_by")
    return get_object_or_404(rows.open_to(request.user, needed), pk=pk)


def _may_edit(request: HttpRequest, prompt: StudyPrompt) -> bool:
    return StudyPrompt.objects.open_to(request.user, P.PROMPT_EDIT).filter(pk=prompt.pk).exists()


def _reached(request: HttpRequest) -> QuerySet:
    return Committee.objects.open_to(request.user, P.PROMPT_READ)


def _oversees(request: HttpRequest) -> bool:
    """Whether the reader looks over a subtree, not over his own committee alone."""
    return bool(request.user.reach(P.PROMPT_READ).paths)


def _seats(request: HttpRequest, prompt: StudyPrompt, needed: Permission) -> QuerySet:
    """The committees for which the reader himself may answer the prompt (or, with PROMPT_READ, see the answer)."""
    own = request.user.reach(needed).committee_ids
    return Committee.objects.filter(pk__in=own, path__startswith=prompt.committee.path).in_order()


def _seat(request: HttpRequest, seats: QuerySet, asked: str) -> Committee | None:
    """The committee asked for (404 when it is not his), the one he acts for, or his first."""
    if asked:
        return get_object_or_404(seats, pk=outside.key(asked))
    acting = request.user.acting
    return seats.filter(pk=acting.committee_id if acting else 0).first() or seats.first()


# ------------------------------------------------------------------------------------------------ the list
@permission(P.PROMPT_READ)
@require_GET
def prompt_list(request: HttpRequest) -> HttpResponse:
    mine = StudyPrompt.objects.open_to(request.user, P.PROMPT_READ)
    years = sorted(set(mine.order_by().values_list("year", flat=True)), reverse=True)
    form = PromptFilter(request.GET, years=years)
    wanted = form.cleaned_data if form.is_valid() else {}
    rows = mine.select_related("committee").annotate(topic_count=Count("topics", distinct=True))
    rows = rows.filter(**{name: wanted[name] for name in ("year", "quarter", "stage") if wanted.get(name)})
    if wanted.get("q"):
        rows = rows.filter(title__icontains=wanted["q"])
    rows, sort = ordered(request, rows, SORTS, "quarter")
    page = page_of(request, rows)
    reached = _reached(request)
    received = matrix.received_of(list(page), reached, request.today)
    taken = dict(
        PromptMapping.objects.filter(topic__prompt__in=list(page), committee__in=reached.order_by().values("pk"))
        .order_by().values("topic__prompt").annotate(rows=Count("pk")).values_list("topic__prompt", "rows")
    )  # fmt: skip
    oversees = _oversees(request)
    for row in page:
        row.tone = STAGE_TONES[row.stage]
        row.quarter_words = QUARTER_WORDS[row.quarter]
        row.received, row.taken = received[row.pk], taken.get(row.pk, 0)
        row.asked = row.topic_count * row.received.committees
    context = {
        "form": form, "page_obj": page, "sort": sort, "filtered": any(wanted.values()), "oversees": oversees,
        "may_edit": request.user.may(P.PROMPT_EDIT),
    }  # fmt: skip
    return render(request, "guidance/list.html", context)


# ------------------------------------------------------------------------------------------------ writing
@permission(P.PROMPT_EDIT)
@require_http_methods(["GET", "POST"])
def prompt_new(request: HttpRequest) -> HttpResponse:
    committees = tops(request.user, P.PROMPT_EDIT, request.today)
    quarter = (request.today.month + 2) // 3
    title = f"{request.today.year}年{QUARTER_WORDS[quarter]}理论学习中心组学习提示"
    if request.method == "GET":
        initial = {
            "form_token": str(uuid.uuid4()), "year": request.today.year, "quarter": quarter, "title": title,
        }  # fmt: skip
        head = PromptForm(committees=committees, today=request.today, initial=initial)
        return _editor(request, head, *_blank_sets())
    head, topics, readings, grown = _posted(request, committees=committees)
    if not grown and head.is_valid() & topics.is_valid() & readings.is_valid():
        values = _values(head, topics, readings)
        made = attempt(
            request,
            lambda: actions.create(
                committee=head.cleaned_data["committee"], form_token=head.cleaned_data["form_token"], **values,
                by=request.user, at=request.now,
            ),
            head,
        )  # fmt: skip
        if made:
            messages.success(request, "草稿已保存。核对后发布，发布前各单位看不到。")
            return redirect(made)
    return _editor(request, head, topics, readings, status=200 if grown else 422)


@permission(P.PROMPT_EDIT)
@require_http_methods(["GET", "POST"])
def prompt_edit(request: HttpRequest, pk: int) -> HttpResponse:
    prompt = _open(request, pk, P.PROMPT_EDIT)
    if request.method == "GET":
        if prompt.stage != PromptStage.DRAFT:
            messages.info(request, f"学习提示现在是“{prompt.get_stage_display()}”，发布后的文字不再改。")
            return redirect(prompt)
        names = ("version", "year", "quarter", "title", "focus", "outcomes", "consulted")
        initial = {name: getattr(prompt, name) for name in names}
        head = PromptForm(committees=None, today=request.today, prompt=prompt, initial=initial)
        topics = list(prompt.topics.values("text"))
        readings = list(prompt.readings.values("title", "release_type"))
        return _editor(request, head, *_blank_sets(topics, readings), prompt=prompt)
    head, topics, readings, grown = _posted(request, prompt=prompt)
    if not grown and head.is_valid() & topics.is_valid() & readings.is_valid():
        values = _values(head, topics, readings)
        try:
            version = head.cleaned_data["version"] or 0
            actions.edit(prompt, **values, version=version, by=request.user, at=request.now)
        except Stale as stale:
            fresh = _open(request, pk, P.PROMPT_EDIT)
            conflict = prompt_differences(fresh, values)
            if not conflict:
                return same(request, fresh)
            head = PromptForm(
                with_values(request.POST, version=stale.current_version), committees=None, today=request.today,
                prompt=fresh,
            )  # fmt: skip
            last = AuditEvent.objects.about(fresh).order_by("-seq").first()
            return _editor(
                request, head, topics, readings, prompt=fresh, conflict=conflict, last=last,
                status=409,
            )  # fmt: skip
        except Refused as refusal:
            return _editor(request, head, topics, readings, prompt=prompt, refused=refusal.reasons, status=422)
        messages.success(request, "草稿已保存。")
        return redirect(prompt)
    return _editor(request, head, topics, readings, prompt=prompt, status=200 if grown else 422)


def _blank_sets(topics: list[Any] | None = None, readings: list[Any] | None = None) -> tuple[Any, Any]:
    one = TopicFormSet(initial=topics or [], prefix="topics")
    two = ReadingFormSet(initial=readings or [], prefix="readings")
    one.extra, two.extra = (1 if topics else BLANK_TOPICS), (1 if readings else BLANK_READINGS)
    return one, two


def _posted(request: HttpRequest, *, committees: Any = None, prompt: StudyPrompt | None = None) -> tuple[Any, ...]:
    """The forms as posted; `add` asks for one more row where no script can add it."""
    data = request.POST
    grown = data.get("add", "")
    if grown in ("topics", "readings"):
        total = data.get(f"{grown}-TOTAL_FORMS", "")
        data = with_values(data, **{f"{grown}-TOTAL_FORMS": (outside.whole(total, most=999) or 0) + 1})
    head = PromptForm(data, committees=committees, today=request.today, prompt=prompt)
    return head, TopicFormSet(data, prefix="topics"), ReadingFormSet(data, prefix="readings"), grown


def _values(head: PromptForm, topics: Any, readings: Any) -> dict[str, Any]:
    names = ("year", "quarter", "title", "focus", "outcomes", "consulted")
    return {
        **{name: head.cleaned_data[name] for name in names},
        "topics": [row["text"] for row in typed(topics, "text")],
        "readings": [
            {"title": row["title"], "release_type": row["release_type"] or ReleaseType.FULL_TEXT}
            for row in typed(readings, "title")
        ],
    }


def _editor(request: HttpRequest, head: Any, topics: Any, readings: Any, *, status: int = 200, **more: Any) -> Any:
    context = {"head": head, "topics": topics, "readings": readings, **more}
    return render(request, "guidance/edit.html", context, status=status)


# ------------------------------------------------------------------------------------------------ one prompt
@permission(P.PROMPT_READ)
@require_GET
def prompt(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _open(request, pk, P.PROMPT_READ))


def _page(
    request: HttpRequest, prompt: StudyPrompt, *, asked: str = "", typed_for: MapForm | None = None, status: int = 200
) -> HttpResponse:
    """The text for everybody; a committee's answer for its own people; progress and moves for the department."""
    rows = _seats(request, prompt, P.PROMPT_READ)
    seats = [] if prompt.stage == PromptStage.DRAFT else list(rows)
    seat = _seat(request, rows, asked or request.GET.get("committee", "")) if seats else None
    topics = list(prompt.topics.all())
    may_edit = _may_edit(request, prompt)
    context: dict[str, Any] = {
        "prompt": prompt, "tone": STAGE_TONES[prompt.stage], "quarter_words": QUARTER_WORDS[prompt.quarter],
        "topics": topics, "readings": list(prompt.readings.all()), "focus": prompt.focus.splitlines(),
        "outcomes": prompt.outcomes.splitlines(), "seat": seat, "seats": seats if len(seats) > 1 else [],
        "may_edit": may_edit, "consulted": [Department(one).label for one in prompt.consulted],
        "oversees": _oversees(request), "may_print": request.user.may(P.PAPER_READ),
        "may_issue": may_edit and request.user.may(P.PAPER_ISSUE) and prompt.stage != PromptStage.DRAFT,
    }  # fmt: skip
    days = int(parameters.value("prompt_receipt_working_days", seat or prompt.committee, request.today))
    if seat is not None:
        context |= _answer(request, prompt, seat, days, typed_for)
    if context["oversees"]:
        context |= _progress(request, prompt, topics, days)
    shown: Any = [prompt]
    receipt = context.get("receipt")
    if receipt is not None:
        shown += [receipt, *(line.mapping for line in context["lines"] if line.mapping)]
    context["events"] = history_of(*shown, more=_about)
    return render(request, "guidance/prompt.html", context, status=status)


def _answer(
    request: HttpRequest, prompt: StudyPrompt, seat: Committee, days: int, typed_for: MapForm | None
) -> dict[str, Any]:
    """What the reader's own committee did with it, and the forms with which it goes on."""
    receipt, lines = matrix.lines_of(prompt, seat)
    answers = prompt.stage == PromptStage.PUBLISHED and seat.pk in request.user.reach(P.PROMPT_RECEIPT).committee_ids
    since = actions.prompt_start(prompt)
    items = open_items(seat, prompt.year) if answers else []
    parts = open_parts(seat, since) if answers else []
    host = {row.study_session_id for row in parts if row.is_host}
    for line in lines:
        line.tone = STATE_TONES[line.state]
        if not answers:
            continue
        if typed_for is not None and typed_for.data.get("topic") == str(line.topic.pk):
            line.form = typed_for
        else:
            same = next((row.pk for row in items if row.topic == line.topic.text), None)
            chosen = matrix.target_of(line.mapping) or (f"item-{same}" if same else "")
            line.form = MapForm(
                prompt=prompt, items=items, parts=parts, auto_id=f"t{line.topic.pk}-%s",
                initial={"topic": line.topic.pk, "to": chosen, "with_readings": False},
            )  # fmt: skip
        known = {"committee": seat.pk, "blank": 1, "topic": line.topic.text}
        line.new_url = f"{reverse('session_new')}?{urlencode(known)}"
    due = side = None
    if prompt.published_at:
        published = prompt.published_at.astimezone(SHANGHAI).date()
        due = calendar.add_working_days(published, days)
        if receipt is None and prompt.stage == PromptStage.PUBLISHED:
            working = calendar.load(min(due, request.today), max(due, request.today))
            side = {
                "date": f"{due.month}月{due.day}日", "left": left_words(due, request.today, working),
                "tone": tone_of(due, request.today, working, behind_days=1),
            }  # fmt: skip
    open_lines = [line for line in lines if line.mapping is None]
    missing = [{"word": "签收", "done": receipt is not None, "url": "#receive"}]
    missing += [
        {
            "word": f"主题{line.topic.order} 列入计划或学习",
            "done": line.mapping is not None,
            "url": f"#topic-{line.topic.pk}",
        }
        for line in lines
    ]
    return {
        "receipt": receipt, "lines": lines, "answers": answers, "has_host": bool(host), "due": side,
        "missing": missing, "open_lines": open_lines,
    }  # fmt: skip


def _progress(request: HttpRequest, prompt: StudyPrompt, topics: list[PromptTopic], days: int) -> dict[str, Any]:
    """Numbers for who looks over a subtree, each a link to its list; and what publishing will say."""
    committees = matrix.told(prompt, _reached(request), request.today)
    number = committees.count()
    missing = [label for value, label in Department.choices if value not in prompt.consulted]
    warning = rules.consulted_warning([str(label) for label in missing])
    found: dict[str, Any] = {
        "number": number, "days": days, "warning": warning,
        "publish_sentence": f"{warning}发布后文字不再改，{prompt.committee}及以下 {number} 家单位须在 {days} 个工作日内签收。",
        "publish_seen_by": f"{number} 家单位的学习秘书和组长",
        "problems": rules.publish_problems(
            topics=len(topics), focus=prompt.focus, outcomes=prompt.outcomes, year=prompt.year, quarter=prompt.quarter,
            today=request.today,
        ),
    }  # fmt: skip
    if prompt.stage == PromptStage.DRAFT:
        return found
    url = reverse("prompt_matrix", args=[prompt.pk])
    counted = matrix.totals(prompt, topics, committees)
    first = next(iter(counted.values()), {})
    unreceived = first.get(TopicState.UNRECEIVED, 0)
    studied = sum(row[TopicState.STUDIED] for row in counted.values())
    planned = sum(row[TopicState.PLANNED] for row in counted.values())
    asked = number * len(topics)
    found["close_sentence"] = (
        f"结束后不再催收，各单位也不能再签收或改落实；已有的记录不变。现在还有 {unreceived} 家没有签收。"
        if unreceived
        else "结束后各单位不能再改落实；已有的记录不变。"
    )
    found["figures"] = [
        {"label": "已签收", "value": f"{number - unreceived}/{number}", "unit": "家", "url": url},
        {"label": "未签收", "value": unreceived, "unit": "家", "url": f"{url}?state=UNRECEIVED",
         "tone": "behind" if unreceived else ""},
        {"label": "已落实", "value": f"{planned + studied}/{asked}", "unit": "项次", "note": f"其中已学 {studied} 项次"},
    ]  # fmt: skip
    found["totals"] = _total_rows(url, topics, counted)
    return found


def _total_rows(url: str, topics: list[PromptTopic], counted: Any, extra: str = "") -> list[dict[str, Any]]:
    return [
        {"topic": topic, "cells": [
            {"label": state.value, "value": counted[topic.pk][state],
             "url": f"{url}?topic={topic.pk}&state={state.name}{extra}"}
            for state in TopicState
        ]}
        for topic in topics
    ]  # fmt: skip


def _about(event: AuditEvent) -> str:
    """Which topic was taken up: the label of the event ends in it."""
    return f"：{event.subject_label.partition('：')[2]}" if event.verb in ("map", "unmap") else ""


# ------------------------------------------------------------------------------------------------ moves
@permission(P.PROMPT_EDIT)
@require_POST
def prompt_publish(request: HttpRequest, pk: int) -> HttpResponse:
    prompt = _open(request, pk, P.PROMPT_EDIT)
    form = VersionForm(request.POST)
    if filled(request, form) and attempt(
        request,
        lambda: actions.publish(prompt, version=form.cleaned_data["version"], by=request.user, at=request.now),
    ):
        messages.success(request, "已发布。各单位的学习秘书现在能看到并签收；签收情况见下方。")
    return redirect(prompt)


@permission(P.PROMPT_EDIT)
@require_POST
def prompt_close(request: HttpRequest, pk: int) -> HttpResponse:
    prompt = _open(request, pk, P.PROMPT_EDIT)
    form = VersionForm(request.POST)
    if filled(request, form) and attempt(
        request, lambda: actions.close(prompt, version=form.cleaned_data["version"], by=request.user, at=request.now)
    ):
        messages.success(request, "已结束，不再催收。")
    return redirect(prompt)


def _answering(request: HttpRequest, pk: int) -> tuple[StudyPrompt, Committee]:
    prompt = _open(request, pk, P.PROMPT_RECEIPT)
    seat = _seat(request, _seats(request, prompt, P.PROMPT_RECEIPT), request.POST.get("committee", ""))
    if seat is None:
        raise Http404
    return prompt, seat


def _back(prompt: StudyPrompt, seat: Committee) -> HttpResponse:
    return redirect(f"{prompt.get_absolute_url()}?committee={seat.pk}")


@permission(P.PROMPT_RECEIPT)
@require_POST
def prompt_receive(request: HttpRequest, pk: int) -> HttpResponse:
    prompt, seat = _answering(request, pk)
    if attempt(request, lambda: actions.receive(prompt, committee=seat, by=request.user, at=request.now)):
        messages.success(request, "已签收。下一步：把每个主题列入计划条目或一场学习。")
    return _back(prompt, seat)


@permission(P.PROMPT_RECEIPT)
@require_POST
def prompt_map(request: HttpRequest, pk: int) -> HttpResponse:
    prompt, seat = _answering(request, pk)
    items, parts = open_items(seat, prompt.year), open_parts(seat, actions.prompt_start(prompt))
    form = MapForm(request.POST, prompt=prompt, items=items, parts=parts, auto_id=f"t{request.POST.get('topic')}-%s")
    if form.is_valid():
        done = attempt(
            request,
            lambda: actions.map_topic(
                form.cleaned_data["topic"], committee=seat, **form.target(),
                with_readings=form.cleaned_data["with_readings"], by=request.user, at=request.now,
            ),
            form,
        )  # fmt: skip
        if done:
            messages.success(request, f"主题{done.topic.order}已列入：{matrix.target_words(done)}。")
            return _back(prompt, seat)
    elif "topic" in form.errors:
        say(request, ["没有找到这个学习主题，请刷新页面核对。"])
    return _page(request, prompt, asked=str(seat.pk), typed_for=form, status=422)


@permission(P.PROMPT_RECEIPT)
@require_POST
def prompt_unmap(request: HttpRequest, pk: int) -> HttpResponse:
    prompt, seat = _answering(request, pk)
    asked = request.POST.get("topic", "")
    topic = prompt.topics.filter(pk=outside.key(asked)).first()
    if topic is None:
        say(request, ["没有找到这个学习主题，请刷新页面核对。"])
        return _back(prompt, seat)
    try:
        actions.unmap(topic, committee=seat, by=request.user, at=request.now)
        messages.success(request, f"已撤销主题{topic.order}的落实，可以另选。")
    except Refused as refusal:
        say(request, refusal.reasons)
    return _back(prompt, seat)


# ------------------------------------------------------------------------------------------------ the matrix
@permission(P.PROMPT_READ)
@require_GET
def prompt_matrix(request: HttpRequest, pk: int) -> HttpResponse:
    """Topic x committee: who has not received, planned, studied. Every number opens its rows; exported as shown."""
    prompt = _open(request, pk, P.PROMPT_READ)
    if prompt.stage == PromptStage.DRAFT:
        messages.info(request, "学习提示还没有发布，没有落实情况。")
        return redirect(prompt)
    topics = list(prompt.topics.all())
    everybody = matrix.told(prompt, _reached(request), request.today)
    form = MatrixFilter(request.GET, topics=prompt.topics.all(), places=matrix.places(everybody))
    wanted = form.cleaned_data if form.is_valid() else {}
    rows = everybody
    if wanted.get("under"):
        rows = rows.under(wanted["under"])
    if wanted.get("q"):
        rows = rows.search(wanted["q"])
    shown = rows
    if wanted.get("state"):
        of = [wanted["topic"].pk] if wanted.get("topic") else [topic.pk for topic in topics]
        shown = matrix.in_state(rows, prompt, TopicState[wanted["state"]], of)
    columns = [wanted["topic"]] if wanted.get("topic") else topics
    shown = shown.in_order()
    if request.GET.get("format") == "xlsx":
        return _sheet(request, prompt, columns, matrix.rows_of(prompt, columns, list(shown)))
    asked = outside.whole(request.GET.get("per"))
    size = asked if asked in SIZES else MATRIX_ROWS
    page = Paginator(shown, size).get_page(request.GET.get("page"))
    kept = {name: request.GET[name] for name in ("under", "q") if request.GET.get(name)}
    extra = f"&{urlencode(kept)}" if kept else ""
    context = {
        "prompt": prompt, "form": form, "page_obj": page, "columns": [f"主题{topic.order}" for topic in columns],
        "heat": [_heat_row(row) for row in matrix.rows_of(prompt, columns, list(page))],
        "totals": _total_rows(request.path, topics, matrix.totals(prompt, topics, rows), extra),
        "states": [state.value for state in TopicState], "legend": LEGEND, "filtered": any(wanted.values()),
        "quarter_words": QUARTER_WORDS[prompt.quarter],
    }  # fmt: skip
    return render(request, "guidance/matrix.html", context)


SHADES: dict[TopicState, dict[str, Any]] = {
    TopicState.UNRECEIVED: {"tone": "behind"}, TopicState.RECEIVED: {"shade": 0}, TopicState.PLANNED: {"shade": 2},
    TopicState.STUDIED: {"shade": 4, "sign": "✓"},
}  # fmt: skip
LEGEND = [
    {"tone": "behind", "sign": "", "label": "未收：还没有签收"},
    {"shade": 0, "sign": "", "label": "已收：签收了，还没有列入"},
    {"shade": 2, "sign": "", "label": "已列入：列入计划条目或学习"},
    {"shade": 4, "sign": "✓", "label": "已学：那场学习已经召开"},
]


def _heat_row(row: matrix.Row) -> dict[str, Any]:
    cells = []
    for line in row.lines:
        words = f"：{matrix.target_words(line.mapping)}" if line.mapping else ""
        cells.append({
            "text": line.state.value, "url": matrix.target_url(line.mapping) if line.mapping else "",
            "label": f"{row.committee} 主题{line.topic.order} {line.state.value}{words}", **SHADES[line.state],
        })  # fmt: skip
    day = row.received_at.astimezone(SHANGHAI) if row.received_at else None
    received = f"{day.month}月{day.day}日" if day else "—"
    url = reverse("committee", args=[row.committee.pk])
    return {"label": str(row.committee), "url": url, "cells": cells, "total": received}


def _sheet(
    request: HttpRequest, prompt: StudyPrompt, topics: list[PromptTopic], rows: list[matrix.Row]
) -> HttpResponse:
    """What the filters show, all pages; the record keeps who took it."""
    heads = ["编码", "委员会", "签收时间", *(f"主题{topic.order} {topic.text}" for topic in topics)]
    lines = [
        [
            row.committee.code, row.committee.name,
            f"{row.received_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if row.received_at else "未签收",
            *(
                line.state.value + (f"：{matrix.target_words(line.mapping)}" if line.mapping else "")
                for line in row.lines
            ),
        ]
        for row in rows
    ]  # fmt: skip
    name = f"{prompt.title}落实情况"
    record(
        prompt, verb="export", by=request.user, at=request.now,
        data={"list": name[:100], "query": request.GET.urlencode()[:500]},
    )  # fmt: skip
    content = workbook("落实情况", heads, lines, note=f"{name}，{prompt.committee.name}，截至 {request.today}")
    answer = HttpResponse(content, content_type=XLSX)
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}.xlsx"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
