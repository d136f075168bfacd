"""Pages of year plans: the list, one plan with its editions, writing it, and its moves."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from roster import outside
from roster.accounts.doors import attempt, filled, permission
from roster.accounts.listing import page_of
from roster.accounts.roles import Permission
from roster.accounts.stale import same
from roster.audit.history import history_of
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused, Stale
from roster.committees.models import Committee
from roster.people.models import GroupRole, Membership
from roster.people.signing import signed
from sessions_app.plans import actions, filing, rules
from sessions_app.plans.forms import (
    NOT_MADE,
    ApproveForm,
    HeadForm,
    ItemFormSet,
    NewPlanForm,
    NoteForm,
    PlanFilter,
    SubmitForm,
    VersionForm,
    item_values,
    plan_differences,
    typed_items,
    with_values,
)
from sessions_app.plans.models import ContentCategory, PlanStage, StudyPlan
from sessions_app.policies import calendar, parameters
from sessions_app.policies.rules import day_in_year

STAGE_TONES = {
    "": "muted", "DRAFT": "near", "SUBMITTED": "behind", "RETURNED": "behind", "APPROVED": "near", "FILED": "ok",
}  # fmt: skip
SORTS = {"code": "code", "filed": "filed_on", "stage": "plan_stage"}
RETURN_REASONS = ["请补齐每季度的专题", "请明确重点发言人", "请充实预期成果"]
BLANK_ROWS = 3


def due_day(committee: Committee, year: int) -> date:
    return day_in_year(parameters.value("plan_due_day", committee, date(year, 1, 1)), year)


def plan_history(plans: list[StudyPlan]) -> list[dict[str, Any]]:
    """Every event of the chain of editions, newest first."""
    editions = {plan.pk: plan.edition for plan in plans}
    many = len(editions) > 1
    return history_of(*plans, more=lambda event: f"（第 {editions[event.subject_id]} 版）" if many else "")


# ------------------------------------------------------------------------------------------------ list
@permission(Permission.PLAN_READ)
@require_GET
def plan_list(request: HttpRequest) -> HttpResponse:
    form = PlanFilter(request.GET or None, today=request.today)
    form.is_valid()
    wanted = getattr(form, "cleaned_data", {})
    year = wanted.get("year") or request.today.year
    scope = Committee.objects.open_to(request.user, Permission.PLAN_READ)
    everybody = filing.with_plans(scope, year)
    first = everybody.in_order().first()
    due = due_day(first, year) if first else rules.due_on(year)
    rows = everybody
    if wanted.get("q"):
        rows = rows.filter(name__icontains=wanted["q"]) | rows.filter(pinyin__icontains=wanted["q"].lower())
    if wanted.get("stage") == NOT_MADE:
        rows = rows.filter(plan_id__isnull=True)
    elif wanted.get("stage"):
        rows = rows.filter(plan_stage=wanted["stage"])
    rows = filing.narrowed(rows, wanted.get("filed", ""), due)
    sort = request.GET.get("sort", "").lstrip("-")
    if sort in SORTS:
        rows = rows.order_by(("-" if request.GET["sort"].startswith("-") else "") + SORTS[sort], "code")
    else:
        rows = rows.in_order()
    page = page_of(request, rows)
    editable = set(
        Committee.objects.open_to(request.user, Permission.PLAN_EDIT)
        .filter(pk__in=[row.pk for row in page])
        .values_list("pk", flat=True)
    )
    stages = dict(PlanStage.choices)
    working = calendar.load(due, request.today)
    shown = [
        {
            "committee": row, "url": reverse("plan", args=[row.plan_id]) if row.plan_id else "",
            "stage": stages.get(row.plan_stage, "未编制"), "tone": STAGE_TONES[row.plan_stage or ""],
            "topics": row.topics or 0, "amended": (row.editions or 1) - 1, "filed_on": row.filed_on,
            "filing": filing.filing_words(row.filed_on, year, request.today, due, working),
            "new_url": f"{reverse('plan_new')}?committee={row.pk}&year={year}"
            if row.pk in editable and not row.plan_id else "",
        }
        for row in page
    ]  # fmt: skip
    counted = filing.filed_of(everybody, year, due)
    context = {
        "form": form if request.GET else PlanFilter(initial={"year": year}, today=request.today), "page_obj": page,
        "rows": shown, "year": year, "due": due, "counted": counted, "figures": _figures(counted, year),
        "may_make": request.user.may(Permission.PLAN_EDIT), "alone": counted.committees == 1,
    }  # fmt: skip
    return render(request, "plans/list.html", context)


def _figures(counted: filing.Filed, year: int) -> list[dict[str, Any]]:
    listed = f"{reverse('plan_list')}?year={year}"
    return [
        {"label": "已备案", "value": f"{counted.filed}/{counted.committees}", "unit": "家", "url": f"{listed}&filed="},
        {"label": "按时备案", "value": counted.filed - counted.late, "unit": "家", "url": f"{listed}&filed=ON_TIME"},
        {"label": "逾期备案", "value": counted.late, "unit": "家", "url": f"{listed}&filed=LATE",
         "tone": "behind" if counted.late else ""},
        {"label": "尚未备案", "value": counted.committees - counted.filed, "unit": "家", "url": f"{listed}&filed=NOT_FILED"},
        {"label": "待审定", "value": counted.waiting, "unit": "家", "url": f"{listed}&stage=SUBMITTED"},
    ]  # fmt: skip


# ------------------------------------------------------------------------------------------------ one plan
def _open(request: HttpRequest, pk: int, needed: Permission) -> StudyPlan:
    rows = StudyPlan.objects.select_related("committee", "approved_by", "submitted_by")
    return get_object_or_404(rows.open_to(request.user, needed), pk=pk)


def _may(request: HttpRequest, plan: StudyPlan, needed: Permission) -> bool:
    return request.user.may(needed) and StudyPlan.objects.open_to(request.user, needed).filter(pk=plan.pk).exists()


@permission(Permission.PLAN_READ)
@require_GET
def plan(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _open(request, pk, Permission.PLAN_READ))


def _page(request: HttpRequest, plan: StudyPlan, *, status: int = 200, **forms: Any) -> HttpResponse:
    editions = filing.editions_of(plan)
    items = list(plan.items.all())
    studied = filing.studied_items(plan)
    newest = editions[-1]
    is_newest = newest.pk == plan.pk
    may_edit = is_newest and _may(request, plan, Permission.PLAN_EDIT)
    may_approve = is_newest and _may(request, plan, Permission.PLAN_APPROVE)
    due = due_day(plan.committee, plan.year)
    original = next((edition.filed_on for edition in editions if edition.filed_on), None)
    warnings = rules.quarter_warnings(items, actions.first_quarter(plan))
    if plan.stage in rules.OPEN_STAGES:
        day = max(min(request.today, date(plan.year, 12, 31)), date(plan.year, 1, 1))
        members = Membership.objects.filter(committee=plan.committee).on(day).order_by("rank")
        least = parameters.value("speeches_per_member_year", plan.committee, day)
        warnings += rules.speaker_warnings(list(members.values_list("person__name", flat=True)), items, least)
    own = request.user.person_id and request.user.person_id in actions.writers(plan)
    quarters = [
        {"words": rules.QUARTER_WORDS[number],
         "items": [{"item": item, "sessions": studied.get(item.serial, []),
                    "done": any(s["stage"] in ("HELD", "ARCHIVED") for s in studied.get(item.serial, []))}
                   for item in items if item.quarter == number]}
        for number in rules.QUARTER_WORDS
    ]  # fmt: skip
    working = calendar.load(due, request.today)
    last = AuditEvent.objects.about(plan).filter(verb="approve").order_by("-id").first() if plan.approved_by else None
    approved = signed(plan.approved_by, plan.committee_id, last.at if last else plan.approved_on)
    context = {
        "plan": plan, "quarters": quarters, "editions": editions, "newest": newest, "is_newest": is_newest,
        "tone": STAGE_TONES[plan.stage], "amended": len(editions) - 1, "warnings": warnings,
        "history": plan_history(editions), "may_edit": may_edit, "may_approve": may_approve, "own": own,
        "may_print": request.user.may(Permission.PAPER_READ),
        "writable": may_edit and plan.stage in rules.OPEN_STAGES, "filing": filing.filing_words(original, plan.year, request.today, due, working),
        "missing": _missing(plan, items), "due": due, "return_reasons": RETURN_REASONS,
        "submit_form": SubmitForm(initial={"version": plan.version, "meeting": plan.approving_meeting, "met_on": plan.approved_on}),
        "approve_form": ApproveForm(initial={"version": plan.version, "meeting": plan.approving_meeting, "met_on": plan.approved_on}),
        "hands": [
            {"label": "提交", "value": plan.submitted_by or "—"}, {"label": "审定", "value": approved or "—"},
            {"label": "组长", "value": _leader(plan, request.today) or "—"},
        ],
        **forms,
    }  # fmt: skip
    return render(request, "plans/plan.html", context, status=status)


def _leader(plan: StudyPlan, today: date) -> str:
    rows = Membership.objects.filter(committee=plan.committee, group_role=GroupRole.LEADER).on(today)
    return "、".join(rows.values_list("person__name", flat=True))


def _missing(plan: StudyPlan, items: list[Any]) -> list[dict[str, Any]]:
    """The road of the plan, station by station."""
    edit = reverse("plan_edit", args=[plan.pk])
    problems = rules.submit_problems(items, actions.first_quarter(plan))
    settled = plan.stage in rules.SETTLED_STAGES
    steps = [{"word": problem, "url": edit, "done": False} for problem in problems]
    steps.append({"word": "提交组长审定", "done": settled or plan.stage == PlanStage.SUBMITTED})
    steps.append({"word": "组长审定（会议和日期）", "done": settled})
    steps.append({"word": "报主管部门备案", "done": plan.stage == PlanStage.FILED})
    return [] if plan.stage == PlanStage.FILED else steps


# ------------------------------------------------------------------------------------------------ writing
@permission(Permission.PLAN_EDIT)
@require_http_methods(["GET", "POST"])
def plan_new(request: HttpRequest) -> HttpResponse:
    committees = Committee.objects.open_to(request.user, Permission.PLAN_EDIT).active_on(request.today).in_order()
    wanted = {name: request.GET[name] for name in ("committee", "year") if request.GET.get(name)}
    form = NewPlanForm(
        request.POST or None, committees=committees, today=request.today,
        initial={"year": request.today.year, **wanted},
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        committee, year = form.cleaned_data["committee"], form.cleaned_data["year"]
        last = None
        if form.cleaned_data["copy_last"]:
            last = StudyPlan.objects.filter(committee=committee, year=year - 1).in_force().first()
        made = attempt(
            request,
            lambda: actions.create(committee=committee, year=year, copy_from=last, by=request.user, at=request.now),
            form,
        )
        if made:
            words = (
                f"已照抄 {year - 1} 年的 {made.items.count()} 个专题，请逐项修改。"
                if last
                else "计划已建立，请填写专题。"
            )
            messages.success(request, words)
            return redirect("plan_edit", pk=made.pk)
    return render(request, "plans/new.html", {"form": form}, status=422 if form.errors else 200)


@permission(Permission.PLAN_EDIT)
@require_http_methods(["GET", "POST"])
def plan_edit(request: HttpRequest, pk: int) -> HttpResponse:
    plan = _open(request, pk, Permission.PLAN_EDIT)
    if request.method == "GET":
        if plan.stage not in rules.OPEN_STAGES:
            messages.info(request, f"计划现在是“{plan.get_stage_display()}”，内容已锁定。")
            return redirect(plan)
        head = HeadForm(initial={"version": plan.version, "aim": plan.aim, "requirements": plan.requirements})
        rows = [item_values(item) for item in plan.items.order_by("quarter", "month", "serial")]
        items = ItemFormSet(initial=rows, prefix="items")
        items.extra = BLANK_ROWS if not rows else 1
        return _editor(request, plan, head, items)
    data = request.POST
    if "add_row" in data:
        data = with_values(
            data, **{"items-TOTAL_FORMS": (outside.whole(data.get("items-TOTAL_FORMS"), most=999) or 0) + 1}
        )
    initial = [item_values(item) for item in plan.items.order_by("quarter", "month", "serial")]
    head, items = (
        HeadForm(data),
        ItemFormSet(
            data, prefix="items", initial=initial[: outside.whole(data.get("items-INITIAL_FORMS"), most=999) or 0]
        ),
    )
    if "add_row" in data:
        return _editor(request, plan, head, items)
    if head.is_valid() & items.is_valid():
        typed = typed_items(items)
        try:
            saved = actions.save(
                plan, aim=head.cleaned_data["aim"], requirements=head.cleaned_data["requirements"], items=typed,
                version=head.cleaned_data["version"], by=request.user, at=request.now,
            )  # fmt: skip
        except Stale as stale:
            fresh = _open(request, pk, Permission.PLAN_EDIT)
            conflict = plan_differences(fresh, data, typed)
            if not conflict:
                return same(request, fresh)
            head = HeadForm(with_values(data, version=stale.current_version))
            return _editor(
                request, fresh, head, items, conflict=conflict, stale=stale,
                last=AuditEvent.objects.about(fresh).order_by("-seq").first(), status=409,
            )  # fmt: skip
        except Refused as refusal:
            return _editor(request, plan, head, items, refused=refusal.reasons, status=422)
        messages.success(request, f"已保存 {len(typed)} 个专题。")
        for warning in rules.quarter_warnings(saved.items.all(), actions.first_quarter(saved)):
            messages.warning(request, f"{warning}，可以先存为草稿，提交审定前请补上。")
        return redirect(saved)
    return _editor(request, plan, head, items, status=422)


def _editor(
    request: HttpRequest, plan: StudyPlan, head: Any, items: Any, *, status: int = 200, **more: Any
) -> HttpResponse:
    context = {"plan": plan, "head": head, "items": items, "categories": ContentCategory.choices, **more}
    return render(request, "plans/edit.html", context, status=status)


# ------------------------------------------------------------------------------------------------ moves
@permission(Permission.PLAN_EDIT)
@require_POST
def plan_submit(request: HttpRequest, pk: int) -> HttpResponse:
    plan = _open(request, pk, Permission.PLAN_EDIT)
    form = SubmitForm(request.POST)
    if form.is_valid() and attempt(
        request, lambda: actions.submit(plan, **form.cleaned_data, by=request.user, at=request.now), form
    ):
        messages.success(request, "已提交，等组长审定。")
        return redirect(plan)
    return _page(request, _open(request, pk, Permission.PLAN_EDIT), status=422, submit_form=form)


@permission(Permission.PLAN_APPROVE)
@require_POST
def plan_approve(request: HttpRequest, pk: int) -> HttpResponse:
    plan = _open(request, pk, Permission.PLAN_APPROVE)
    form = ApproveForm(request.POST)
    if form.is_valid() and attempt(
        request, lambda: actions.approve(plan, **form.cleaned_data, by=request.user, at=request.now), form
    ):
        messages.success(request, "已审定，内容锁定。下一步由学习秘书报备案。")
        return redirect(plan)
    return _page(request, _open(request, pk, Permission.PLAN_APPROVE), status=422, approve_form=form)


@permission(Permission.PLAN_APPROVE)
@require_POST
def plan_return(request: HttpRequest, pk: int) -> HttpResponse:
    plan = _open(request, pk, Permission.PLAN_APPROVE)
    form = NoteForm(request.POST)
    if filled(request, form) and attempt(
        request,
        lambda: actions.send_back(
            plan,
            note=form.cleaned_data["reason"],
            version=form.cleaned_data["version"],
            by=request.user,
            at=request.now,
        ),
    ):
        messages.success(request, "已退回，学习秘书会看到退回意见。")
    return redirect(plan)


@permission(Permission.PLAN_EDIT)
@require_POST
def plan_file(request: HttpRequest, pk: int) -> HttpResponse:
    plan = _open(request, pk, Permission.PLAN_EDIT)
    form = VersionForm(request.POST)
    if filled(request, form):
        filed = attempt(
            request, lambda: actions.file(plan, version=form.cleaned_data["version"], by=request.user, at=request.now)
        )
        if filed:
            late = rules.days_late(filed.filed_on, filed.year, due_day(filed.committee, filed.year))
            late = late if filed.edition == 1 else 0
            messages.success(request, f"已备案，逾期 {late} 天。" if late else "已备案。")
    return redirect(plan)


@permission(Permission.PLAN_EDIT)
@require_POST
def plan_amend(request: HttpRequest, pk: int) -> HttpResponse:
    plan = _open(request, pk, Permission.PLAN_EDIT)
    form = NoteForm(request.POST)
    if filled(request, form):
        draft = attempt(
            request,
            lambda: actions.amend(plan, reason=form.cleaned_data["reason"], by=request.user, at=request.now),
        )
        if draft:
            messages.success(request, f"第 {draft.edition} 版草稿已建立，原计划继续有效，直到新版审定。")
            return redirect("plan_edit", pk=draft.pk)
    return redirect(plan)
