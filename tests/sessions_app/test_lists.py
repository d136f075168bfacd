"""Lists not counted in their own rooms: as many queries for thirty rows as for one."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from roster.accounts.models import User
from sessions_app.attendance import actions as attendance
from sessions_app.corrections.models import Correction
from sessions_app.jobs.models import Job
from sessions_app.sessions.models import SessionStage
from sessions_app.workbooks.models import ImportRun
from tests import build
from tests.sessions_app.attendance import studying

pytestmark = pytest.mark.django_db


def fill(size: int) -> dict[str, User]:
    """A committee with `size` jobs, imports, corrections and leaves that wait."""
    where = build.committee()
    secretary, leader = build.secretary_of(where), build.leader_of(where)
    for n in range(size):
        day = date(2026, 3, 21) + timedelta(days=n)
        who = build.member(where).person
        session = studying.session(where, day, number=n + 1, stage=SessionStage.APPROVED)
        row = studying.part_of(session)
        attendance.ask_leave(row, person=who, kind="DUTY", reason="公务", by=secretary, at=build.AT)
        Job.objects.create(kind="x", key=f"{where.pk}-{n}", label=f"任务{n}", committee=where, created_by=secretary,
                           created_at=build.AT)  # fmt: skip
        ImportRun.objects.create(committee=where, file="x", name=f"{n}.xlsx", sha256="0" * 64, uploaded_by=secretary,
                                 uploaded_at=build.AT)  # fmt: skip
        Correction.objects.create(
            committee=where, study_session=session, number=1, kind="ATTENDANCE", before={"marks": []},
            after={"marks": []}, reason="漏记", evidence="请假条", asked_by=secretary.person, asked_at=build.AT,
        )  # fmt: skip
    return {"secretary": secretary, "leader": leader}


@pytest.mark.parametrize(
    ("who", "name"),
    [("secretary", "job_list"), ("secretary", "import_list"), ("secretary", "correction_list"),
     ("secretary", "leave_list"), ("secretary", "home"), ("leader", "approvals")],
)  # fmt: skip
def test_as_many_queries_for_thirty_rows_as_for_one(who: str, name: str, settings) -> None:
    settings.CLOCK = build.AT
    counts = []
    for size in (1, 30):
        client = Client()
        client.force_login(fill(size)[who], "django.contrib.auth.backends.ModelBackend")
        client.get(reverse(name))
        with CaptureQueriesContext(connection) as seen:
            assert client.get(reverse(name) + "?per=50").status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]
