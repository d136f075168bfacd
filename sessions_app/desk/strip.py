"""The chain strip: seven stations of one session, each with its word, its link and what it still lacks."""

from typing import TypedDict

from django.urls import reverse

from roster.accounts.models import User
from roster.accounts.roles import Permission
from sessions_app.minutes.models import Minutes, MinutesStage
from sessions_app.outcomes.models import Outcome
from sessions_app.plans.models import SETTLED
from sessions_app.sessions.models import TOOK_PLACE, Participation, SessionStage, StudySession
from sessions_app.sessions.rules import BEFORE_STAGES

STATIONS = ("plan", "scheme", "held", "roll", "minutes", "outcomes", "archive")


class Station(TypedDict):
    key: str
    label: str
    state: str
    missing: str
    url: str
    current: bool
    done: bool


def own_participation(study_session: StudySession, user: User) -> Participation | None:
    """The participation of the viewer's committee; the host's when the viewer stands above or is the host."""
    rows = sorted(study_session.participations.all(), key=lambda row: not row.is_host)
    held = {hold.committee_id for hold in user.holds}
    own = [row for row in rows if row.committee_id in held]
    return own[0] if own else (rows[0] if rows else None)


def stations_of(study_session: StudySession, user: User, *, current: str = "") -> list[Station]:
    """Seven stations in order; four queries at most. `current` is one of STATIONS, else the first not done."""
    page = study_session.get_absolute_url()
    part = own_participation(study_session, user)
    minutes = Minutes.objects.filter(study_session=study_session).only("stage").first()
    outcomes = Outcome.objects.filter(study_session=study_session, is_withdrawn=False).count()
    took_place = study_session.stage in TOOK_PLACE
    archived = study_session.stage == SessionStage.ARCHIVED
    cancelled = study_session.stage == SessionStage.CANCELLED
    found: list[Station] = []

    def add(label: str, state: str, *, done: bool, missing: str = "", url: str = page, needs: str = "") -> None:
        key = STATIONS[len(found)]
        url = url if not needs or user.may(needs) else page  # a member reads the strip, not the roll behind it
        found.append(Station(key=key, label=label, state=state, missing="" if cancelled else missing, url=url,
                             current=False, done=done))  # fmt: skip

    item = part.plan_item if part else None
    if item:
        settled = item.plan.stage in SETTLED
        add("计划", item.plan.get_stage_display(), done=settled, missing="" if settled else "计划尚未审定",
            url=item.plan.get_absolute_url())  # fmt: skip
    else:
        add("计划", "未列入计划", done=False)
    state, missing = _scheme(study_session)
    add("方案", state, done=_is_approved(study_session), missing=missing)
    late = study_session.late_days > 0 and study_session.stage in BEFORE_STAGES
    add("召开", f"{study_session.day.month}月{study_session.day.day}日", done=took_place,
        missing="待登记已召开" if late else "")  # fmt: skip
    if part and took_place:
        here, expected = part.present_marks / part.part_count, part.expected_marks / part.part_count
        unmarked = -(-part.unmarked_marks // part.part_count)
        add("考勤", f"{here:g}/{expected:g}", done=not unmarked, missing=f"{unmarked} 人未记" if unmarked else "",
            url=reverse("roll", args=[part.pk]), needs=Permission.ROLL_READ)  # fmt: skip
    else:
        add("考勤", "", done=False)
    stage = minutes.stage if minutes else ""
    words = {"": "未写" if took_place else "", MinutesStage.DRAFT: "未提交", MinutesStage.RETURNED: "已退回"}
    add("记录", minutes.get_stage_display() if minutes else "", done=stage == MinutesStage.APPROVED,
        missing=words.get(stage, ""), url=reverse("minutes", args=[study_session.pk]) if took_place else page,
        needs=Permission.MINUTES_READ)  # fmt: skip
    add("成果", f"{outcomes} 项" if took_place else "", done=bool(outcomes),
        url=f"{reverse('outcome_list')}?session={study_session.pk}", needs=Permission.OUTCOME_READ)  # fmt: skip
    add("归档", "已归档" if archived else "", done=archived)
    if not cancelled:
        _mark_current(found, current)
        lacking = sum(1 for station in found if station["missing"])
        if took_place and not archived and lacking:
            found[-1]["missing"] = f"还缺 {lacking} 件"
    return found


def _is_approved(session: StudySession) -> bool:
    """Somebody approved it: the stage says so, or, once it was held, the moment of the approval."""
    return session.stage == SessionStage.APPROVED or session.stage in TOOK_PLACE and session.approved_at is not None


def _scheme(session: StudySession) -> tuple[str, str]:
    """What acts have made of the session plan, and what it lacks. What nobody approved is not called approved."""
    if session.stage == SessionStage.CANCELLED:
        return "已取消", ""
    if _is_approved(session):
        return "已审定", ""
    if session.stage in TOOK_PLACE:
        return "补录，未经审定" if session.late_days else "未经审定", ""
    if session.late_days:
        return "补录", ""
    return session.get_stage_display(), {"PREPARING": "待提交审定", "SUBMITTED": "待组长审定"}[session.stage]


def _mark_current(found: list[Station], current: str) -> None:
    """The station the page stands at; without one, the first still open. A plan, an approval that was passed over and
    outcomes never hold a session up."""
    passed = {"plan", "outcomes"}
    if found[2]["done"] or found[2]["missing"]:
        passed.add("scheme")
    for station in found:
        if station["key"] == current if current else not station["done"] and station["key"] not in passed:
            station["current"] = True
            return
    found[-1]["current"] = True
