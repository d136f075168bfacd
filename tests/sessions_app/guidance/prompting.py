"""A city with a county and units, and prompts made by actions."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.committees.models import Committee, CommitteeLevel
from sessions_app.guidance import actions
from sessions_app.guidance.models import Department, StudyPrompt
from sessions_app.plans.models import PlanItem, PlanStage, StudyPlan
from sessions_app.sessions.models import Form, Participation, ParticipationState, SessionStage, StudySession
from tests import build

AT = build.AT
PARTS: dict[str, Any] = {
    "focus": "联系实际谈差距\n每人提一条举措", "outcomes": "形成调研报告", "topics": ["乡村全面振兴", "优化营商环境"],
    "readings": [{"title": "《学习读本》"}, {"title": "限定范围的通报", "release_type": "RESTRICTED"}],
    "consulted": list(Department.values),
}  # fmt: skip


@dataclass
class Place:
    """The city with its reviewer; a county below it; one unit with its secretary."""

    city: Committee
    county: Committee
    unit: Committee
    reviewer: User
    secretary: User
    more: list[Committee] = field(default_factory=list)


def place(units: int = 0) -> Place:
    city = build.committee("云州市委")
    county = build.committee("清河县委", parent=city, level=CommitteeLevel.COUNTY)
    unit = build.committee("市发改委党组", parent=city)
    more = [build.committee(f"县直单位{n}党组", parent=county, level=CommitteeLevel.COUNTY) for n in range(units)]
    return Place(city, county, unit, build.granted(Role.REVIEWER, city), build.secretary_of(unit), more)


def draft(where: Committee, by: User, *, at: datetime = AT, **more: Any) -> StudyPrompt:
    given = {"year": 2026, "quarter": 1, "title": "2026年第一季度学习提示", **PARTS, **more}
    return actions.create(committee=where, by=by, at=at, **given)


def published(where: Committee, by: User, *, at: datetime = AT, **more: Any) -> StudyPrompt:
    row = draft(where, by, at=at, **more)
    return actions.publish(row, version=row.version, by=by, at=at)


def item(
    where: Committee, *, year: int = 2026, serial: int = 1, edition: int = 1, topic: str = "乡村全面振兴"
) -> PlanItem:
    plan, _ = StudyPlan.objects.get_or_create(
        committee=where, year=year, edition=edition,
        defaults={"stage": PlanStage.FILED, "approving_meeting": "党组会议", "approved_on": date(year, 1, 10),
                  "filed_on": date(year, 1, 12), "amend_reason": "" if edition == 1 else "调整"},
    )  # fmt: skip
    return PlanItem.objects.create(plan=plan, serial=serial, quarter=1, topic=topic, category=1)


def session(
    where: Committee, day: date, *, stage: str = SessionStage.HELD, number: int = 1, plan_item: PlanItem | None = None,
    form: str = Form.GROUP_STUDY, guest: Committee | None = None, guest_state: str = ParticipationState.ACCEPTED,
) -> StudySession:  # fmt: skip
    reason = "会议冲突" if stage == SessionStage.CANCELLED else ""
    row = StudySession.objects.create(
        committee=where, day=day, topic=f"专题{number}", stage=stage, form=form, entered_at=AT, cancel_reason=reason
    )
    Participation.objects.create(
        study_session=row, committee=where, year=day.year, day=day, number=number, plan_item=plan_item
    )
    if guest is not None:
        Participation.objects.create(
            study_session=row, committee=guest, year=day.year, day=day, number=number + 50, is_host=False,
            state=guest_state,
        )  # fmt: skip
    return row
