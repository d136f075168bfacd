"""A committee that owes everything on one day, for the tests of what is due."""

from datetime import date

from roster.committees.models import Committee
from roster.people.models import Person
from sessions_app.attendance.models import LeaveRequest, MakeUpStudy
from sessions_app.corrections.models import Correction
from sessions_app.findings.models import Finding, ProblemType
from sessions_app.guidance.models import StudyPrompt
from sessions_app.minutes.models import Minutes
from sessions_app.plans.models import StudyPlan
from sessions_app.policies.models import PolicyParameter
from sessions_app.sessions.models import SpeakerFiling, Speech
from tests import build
from tests.sessions_app.attendance import studying

DAY = date(2026, 3, 23)  # a Monday, day 82 of its quarter
LAST_YEAR = date(2025, 12, 3)
SOON = date(2026, 3, 25)
LONG_WAITING = build.at(date(2026, 3, 2))


def rule(where: Committee, key: str, value: object) -> PolicyParameter:
    return PolicyParameter.objects.create(key=key, committee=where, value=value, since=build.SINCE, source="本市规定")


def city() -> Committee:
    """With the rules and the prompt that make every kind fall due on the day."""
    root = build.committee("市委")
    rule(root, "sessions_per_month", 1)
    rule(root, "year_close_day", "03-31")
    StudyPrompt.objects.create(
        committee=root, year=2026, quarter=1, title="第一季度学习提示", stage="PUBLISHED", published_at=LONG_WAITING
    )
    return root


def findings(where: Committee, owner: Person) -> None:
    """Measures owed, a rectification past its date, and one that nobody confirmed; run by the committee above."""
    common = {
        "committee": where, "department": where.parent or where, "source": "INSPECTION", "year": 2026,
        "type": ProblemType.objects.get_or_create(name="学习形式单一")[0], "found_on": date(2026, 3, 2),
    }  # fmt: skip
    serial = Finding.objects.count()
    Finding.objects.create(**common, serial=serial + 1, text="措施未报", stage="OPEN", confirmed_on=date(2026, 3, 3))
    Finding.objects.create(
        **common, serial=serial + 2, text="整改逾期", stage="IN_PROGRESS", confirmed_on=date(2026, 3, 3), owner=owner,
        accountable_leader=owner, due_on=date(2026, 3, 20),
    )  # fmt: skip
    Finding.objects.create(**common, serial=serial + 3, text="待确认")


def everything(where: Committee) -> None:
    """One of each kind but the approvals, of which each sort is there once."""
    build.member(where, role="LEADER", rank=1)
    secretary = build.secretary(where).person
    member = build.member(where).person
    findings(where, member)
    StudyPlan.objects.create(
        committee=where, year=2026, stage="SUBMITTED", submitted_at=LONG_WAITING, submitted_by=secretary
    )
    held = studying.session(where, LAST_YEAR, number=1)
    part = studying.part_of(held)
    MakeUpStudy.objects.create(participation=part, person=member, due_on=date(2026, 3, 24))
    Speech.objects.create(
        participation=part, speaker=member, kind="KEYNOTE", title="发言", stage="SUBMITTED", submitted_at=LONG_WAITING
    )
    Correction.objects.create(
        committee=where, study_session=held, number=1, kind="MINUTES", before={}, after={}, reason="笔误",
        evidence="签到表", asked_by=secretary, asked_at=LONG_WAITING,
    )  # fmt: skip
    written = studying.session(where, date(2025, 12, 10), number=2)
    Minutes.objects.create(study_session=written, stage="SUBMITTED", author=secretary, submitted_at=LONG_WAITING)
    coming = studying.session(where, SOON, stage="SUBMITTED", number=1)
    coming.submitted_at, coming.entered_at = LONG_WAITING, LONG_WAITING
    coming.save()
    SpeakerFiling.objects.create(study_session=coming, speaker="外请专家", unit="党校", topic="辅导")
    LeaveRequest.objects.create(
        participation=studying.part_of(coming), person=member, kind="DUTY", reason="出差",
        asked_at=build.at(date(2026, 3, 20)),
    )  # fmt: skip
