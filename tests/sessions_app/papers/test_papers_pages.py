"""The pages of papers: library, one paper, download, working copies, issuing, verifying, errata; and who sees them."""

import io
import re
from datetime import date
from typing import Any
from urllib.parse import unquote

import pypdf
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.audit.actions import SystemActor
from roster.audit.models import AuditEvent
from roster.committees.models import Committee
from sessions_app.jobs import actions as jobs
from sessions_app.jobs import work
from sessions_app.jobs.models import Job, JobStage
from sessions_app.papers import actions, frozen, handlers
from sessions_app.papers.models import Erratum, IssuedPaper
from sessions_app.plans.models import PlanItem, StudyPlan
from sessions_app.sessions.models import Participation, SessionPart, StudySession
from tests import build

pytestmark = pytest.mark.django_db
BY = SystemActor("测试")


@pytest.fixture(autouse=True)
def _prepared(settings: Any, tmp_path: Any) -> None:
    handlers.register()
    settings.CLOCK = build.AT
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}},
    }


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def where() -> Committee:
    city = build.committee("测试市委", code="CITY")
    return build.committee("测试市发改委党组", parent=city)


def held(where: Committee) -> StudySession:
    members = build.group(where, 3)
    session = StudySession.objects.create(
        committee=where, day=date(2026, 3, 25), topic="学习贯彻全会精神", place="三楼会议室", entered_at=build.AT,
        chair=members[0].person,
    )  # fmt: skip
    SessionPart.objects.create(study_session=session, day=session.day)
    Participation.objects.create(study_session=session, committee=where, year=2026, number=1, day=session.day)
    return session


def plan_of(where: Committee) -> StudyPlan:
    plan = StudyPlan.objects.create(committee=where, year=2026, aim="学懂弄通做实")
    PlanItem.objects.create(plan=plan, serial=1, quarter=1, topic="第一专题", category=1)
    return plan


def text_of(content: bytes) -> str:
    return re.sub(r"\s+", "", "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages))


def issued(where: Committee, number: int = 1) -> IssuedPaper:
    plan = StudyPlan.objects.filter(committee=where).first() or plan_of(where)
    facts = frozen.year_plan(plan)
    return actions.issue(
        "year-plan", committee=where, year=2026, subject_id=plan.pk, facts=facts, by=BY, at=build.AT
    )  # fmt: skip


def test_the_sign_in_sheet_is_printed_before_the_session(where: Committee) -> None:
    session = held(where)
    client = browser(build.secretary_of(where))
    answer = client.get(f"/papers/print/sign-in/{session.pk}/")
    assert answer.status_code == 200 and answer["Content-Type"] == "application/pdf"
    assert "签到表" in unquote(answer["Content-Disposition"])
    text = text_of(answer.content)
    assert "签到表" in text and "应到：3人" in text and "三楼会议室" in text
    assert "工作稿，未印发" in text and "2026年3月20日10:00" in text
    assert not IssuedPaper.objects.exists(), "a working copy is kept nowhere"
    assert AuditEvent.objects.filter(verb="print").count() == 1


@pytest.mark.parametrize("kind", ["session-plan", "minutes", "year-plan", "outcomes", "annual"])
def test_every_working_copy_comes_out_and_is_marked(kind: str, where: Committee) -> None:
    session = held(where)
    pk = {"year-plan": plan_of(where).pk, "outcomes": where.pk, "annual": where.pk}.get(kind, session.pk)
    answer = browser(build.secretary_of(where)).get(f"/papers/print/{kind}/{pk}/?year=2026")
    assert answer.status_code == 200
    assert "工作稿，未印发" in text_of(answer.content)


@pytest.mark.parametrize("kind", ["sign-in", "session-plan", "minutes", "year-plan", "outcomes"])
def test_issued_it_stands_in_the_library_and_is_downloaded_with_its_name(kind: str, where: Committee) -> None:
    session = held(where)
    pk = {"year-plan": plan_of(where).pk, "outcomes": where.pk}.get(kind, session.pk)
    client = browser(build.secretary_of(where))
    answer = client.post(f"/papers/issue/{kind}/{pk}/", {"year": 2026})
    paper = IssuedPaper.objects.get()
    assert answer.status_code == 302 and answer["Location"] == f"/papers/{paper.pk}/"
    assert paper.title in client.get("/papers/").content.decode()
    page = client.get(f"/papers/{paper.pk}/").content.decode()
    assert paper.sha256 in page and "测试" in page
    file = client.get(f"/papers/{paper.pk}/download/")
    assert file["Content-Disposition"].startswith("attachment") and paper.title in unquote(file["Content-Disposition"])
    with paper.file.open("rb") as kept:
        assert file.content == kept.read()
    assert "工作稿" not in text_of(file.content)
    assert AuditEvent.objects.filter(verb="download").count() == 1
    again = client.post(f"/papers/{paper.pk}/verify/", follow=True).content.decode()
    assert "逐字节相同" in again


def test_the_annual_report_by_the_page_from_form_to_file(where: Committee) -> None:
    held(where)
    client = browser(build.leader_of(where))
    assert "下一步打算" in client.get(f"/papers/annual/{where.pk}/?year=2026").content.decode()
    answer = client.post(f"/papers/annual/{where.pk}/", {"year": 2026, "problems": "一是调研不够。"})
    job = Job.objects.get()
    assert answer["Location"] == f"/jobs/{job.pk}/"
    assert "第 0 / 2 份" in client.get(f"/jobs/{job.pk}/progress/").content.decode()
    assert job.label in client.get("/papers/").content.decode() and job.label in client.get("/jobs/").content.decode()
    work.drain(job.pk, 60)
    paper = IssuedPaper.objects.get()
    assert f"/papers/{paper.pk}/" in client.get(f"/jobs/{job.pk}/").content.decode()
    assert "一是调研不够。" in text_of(client.get(f"/papers/{paper.pk}/download/").content)
    assert "一是调研不够。" in client.get(f"/papers/annual/{where.pk}/?year=2026").content.decode(), "offered again"
    assert client.get(f"/papers/{paper.pk}/facts.json").json()["sections"][0]["year"] == 2026


def test_a_reviewer_issues_the_whole_and_stops_and_goes_on(where: Committee) -> None:
    city = where.parent
    assert city is not None
    client = browser(build.granted(Role.REVIEWER, city))
    client.post(f"/papers/annual/{city.pk}/", {"year": 2026, "scope": "all"})
    job = Job.objects.get()
    assert job.total == 1 + 2 + 1
    client.post(f"/jobs/{job.pk}/cancel/")
    job.refresh_from_db()
    assert job.stage == JobStage.CANCELLED
    assert "已停止" in client.get(f"/jobs/{job.pk}/progress/").content.decode()
    client.post(f"/jobs/{job.pk}/retry/")
    work.drain(job.pk, 120)
    job.refresh_from_db()
    assert job.stage == JobStage.DONE and IssuedPaper.objects.count() == 3


def test_an_erratum_stands_beside_the_paper(where: Committee) -> None:
    paper, client = issued(where), browser(build.secretary_of(where))
    assert client.post(f"/papers/{paper.pk}/errata/", {"text": " "}).status_code == 422
    client.post(f"/papers/{paper.pk}/errata/", {"text": "第1页“甲”应为“乙”。"})
    client.post(f"/papers/{paper.pk}/errata/", {"text": "第2页。"})
    assert list(Erratum.objects.values_list("number", flat=True)) == [1, 2]
    assert "勘误1" in client.get(f"/papers/{paper.pk}/").content.decode()


def test_outside_the_scope_there_is_nothing(where: Committee) -> None:
    session, paper = held(where), issued(where)
    job = jobs.start("x", key="x", label="别人的任务", committee=where, steps=[("a", {})], by=BY, at=build.AT)
    other = build.committee("别的党组", parent=where.parent)
    for client in (browser(build.secretary_of(other)), browser(build.account())):
        for address in (
            f"/papers/{paper.pk}/", f"/papers/{paper.pk}/download/", f"/papers/{paper.pk}/facts.json", f"/jobs/{job.pk}/",
            f"/jobs/{job.pk}/progress/", f"/papers/print/sign-in/{session.pk}/", f"/papers/annual/{where.pk}/",
            f"/papers/print/annual/{where.pk}/",
        ):  # fmt: skip
            assert client.get(address).status_code == 404, address
        for address in (
            f"/papers/{paper.pk}/verify/", f"/papers/{paper.pk}/errata/", f"/jobs/{job.pk}/cancel/", f"/jobs/{job.pk}/retry/",
            f"/papers/issue/sign-in/{session.pk}/", f"/papers/print/sign-in/{session.pk}/", f"/papers/annual/{where.pk}/",
        ):  # fmt: skip
            assert client.post(address).status_code == 404, address
    listed = browser(build.secretary_of(other)).get("/papers/").content.decode()
    assert paper.title not in listed and "还没有印发过文书" in listed
    assert IssuedPaper.objects.count() == 1


def test_the_library_filters_and_its_queries_do_not_grow(where: Committee) -> None:
    client = browser(build.secretary_of(where))

    def queries() -> int:
        client.get("/papers/")
        with CaptureQueriesContext(connection) as caught:
            client.get("/papers/")
        return len(caught)

    issued(where)
    one = queries()
    for _ in range(6):
        issued(where)
    assert queries() == one
    assert "没有符合条件的文书" in client.get("/papers/?kind=minutes").content.decode()
    assert "第几次" in client.get(f"/papers/?kind=year-plan&year=2026&committee={where.pk}").content.decode()


def test_an_unknown_kind_or_a_wrong_year_is_not_there(where: Committee) -> None:
    client = browser(build.secretary_of(where))
    assert client.get(f"/papers/print/nonsense/{where.pk}/").status_code == 404
    assert client.get(f"/papers/print/outcomes/{where.pk}/?year=1066").status_code == 404
    assert client.get(f"/papers/print/outcomes/{where.pk}/?year=x").status_code == 404
