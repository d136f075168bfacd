"""学习档案: the contents tell the right pages, a killed worker costs nothing, the ZIP is what its manifest says, and scope."""

import csv
import hashlib
import io
import json
import time
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pypdf import PdfReader

from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.audit.actions import SystemActor
from roster.audit.moves import Refused
from roster.people.models import GroupRole
from sessions_app.attachments import actions as attachments
from sessions_app.attachments.models import Attachment
from sessions_app.jobs import work
from sessions_app.jobs.models import Job, JobStage, JobStep
from sessions_app.minutes.models import Minutes
from sessions_app.papers import frozen_volume, volume_work
from sessions_app.papers.models import IssuedPaper, PaperFile, PaperKind
from sessions_app.papers.verify import verify
from sessions_app.plans.models import PlanItem, PlanStage, StudyPlan
from sessions_app.sessions.models import Participation, SessionPart, StudyMaterial, StudySession
from tests import build
from tests.sessions_app.jobs.workers import end, ended, until, worker

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
BY = SystemActor("测试")


def year_of(where: Any, sessions: int = 2) -> list[StudySession]:
    build.member(where, role=GroupRole.LEADER, rank=1)
    build.group(where, 3)
    if not StudyPlan.objects.filter(committee=where).exists():
        plan = StudyPlan.objects.create(
            committee=where, year=2026, stage=PlanStage.FILED, aim="学懂弄通", approving_meeting="党组第2次会议",
            approved_on=date(2026, 1, 10), filed_on=date(2026, 1, 20),
        )  # fmt: skip
        PlanItem.objects.create(plan=plan, serial=1, quarter=1, topic="学习全会精神", category=1)
    found = []
    before = Participation.objects.filter(committee=where).count()
    for number in range(before + 1, before + sessions + 1):
        row = StudySession.objects.create(
            committee=where, day=date(2026, 1, number), topic=f"专题学习{number}", stage="HELD", entered_at=build.AT
        )
        SessionPart.objects.create(study_session=row, day=row.day)
        Participation.objects.create(study_session=row, committee=where, year=2026, number=number, day=row.day)
        if number > 1:
            Minutes.objects.create(study_session=row, discussion="讨论热烈", summary="小结")
        found.append(row)
    return found


def keep(subject: Any, where: Any, name: str, kind: str, by: User, content: bytes = PDF) -> Attachment:
    upload = SimpleUploadedFile(name, content)
    return attachments.attach(subject, committee=where, kind=kind, upload=upload, by=by, at=build.AT)


@pytest.fixture
def own_storage(settings: Any, tmp_path: Path) -> Path:
    place = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = settings.STORAGES | {"default": place}
    settings.CLOCK = build.AT
    return tmp_path


def made(where: Any, by: Any) -> IssuedPaper:
    volume_work.register()
    job = volume_work.start(where, 2026, by=by, at=build.AT)
    work.drain(job.pk, 600)
    job.refresh_from_db()
    assert job.stage == JobStage.DONE, job.error
    return IssuedPaper.objects.get(pk=job.result["paper"])


# ------------------------------------------------------------------------------------------------ the paper


@pytest.mark.slow
@pytest.mark.usefixtures("committed", "own_storage")
def test_the_contents_tell_the_pages_the_zip_is_what_its_manifest_says_and_all_of_it_comes_out_again() -> None:
    where = build.committee("测试县发展和改革委员会党组")
    secretary = build.secretary_of(where)
    first, second = year_of(where)
    open_text = StudyMaterial.objects.create(study_session=first, title="公开文章")
    closed = StudyMaterial.objects.create(study_session=first, order=2, title="限定范围")
    keep(first, where, "签到表.pdf", "SIGN_IN_SCAN", secretary)
    keep(first, where, "签到表.pdf", "SIGN_IN_SCAN", secretary, PDF + b"second")
    keep(open_text, where, "=文章.pdf", "MATERIAL", secretary)
    keep(closed, where, "不该有.pdf", "MATERIAL", secretary)
    StudyMaterial.objects.filter(pk=closed.pk).update(release_type="RESTRICTED")
    gone = keep(second, where, "撤下.pdf", "OTHER", secretary)
    attachments.withdraw(gone, reason="传错了", by=secretary, at=build.AT)
    lost = keep(second, where, "丢失.pdf", "OTHER", secretary, PDF + b"lost")
    lost.file.storage.delete(lost.file.name)
    torn = keep(second, where, "改过.pdf", "OTHER", secretary, PDF + b"torn")
    Path(torn.file.path).write_bytes(PDF + b"changed")

    paper = made(where, secretary)
    assert (paper.kind, paper.year, paper.number) == (PaperKind.VOLUME, 2026, 1)
    with paper.file.open("rb") as file:
        content = file.read()
    _judge_pages(content, paper)
    packed = paper.files.get()
    with packed.file.open("rb") as file:
        zipped = file.read()
    assert hashlib.sha256(zipped).hexdigest() == packed.sha256 and packed.format == "zip"
    _judge_zip(zipped, secretary.display_name)
    assert paper.issued_by == secretary
    out = io.BytesIO()
    volume_work.pack(out, paper.facts)
    assert out.getvalue() == zipped
    assert verify(content).well
    assert made(where, secretary).number == 2


def _judge_pages(content: bytes, paper: IssuedPaper) -> None:
    reader = PdfReader(io.BytesIO(content))
    assert len(reader.pages) == paper.pages
    texts = [page.extract_text() for page in reader.pages]
    numbered = next(at for at, text in enumerate(texts) if "— 1 —" in text)  # the first page of the body
    assert all(f"— {at - numbered + 1} —" in text for at, text in enumerate(texts) if at >= numbered)
    assert all(text.count("—") == 2 for text in texts[numbered:]), "a piece kept a number of its own"
    contents = "".join(texts[1:numbered])
    for words, what in (("年度学习计划", "学习目标"), ("第2次", "专题学习2"), ("原件目录", "一并存于原件包")):
        line = next(line for line in contents.splitlines() if line.startswith(words))
        page = texts[numbered + int(line.split()[-1]) - 1]
        assert what in "".join(page.split()), line
    marks = {
        each.title: reader.get_destination_page_number(each) for each in reader.outline if not isinstance(each, list)
    }
    assert list(marks)[:4] == ["封面", "目录", "年度学习计划", "成员名单"]
    assert "学习目标" in "".join(texts[marks["年度学习计划"]].split())
    assert contents.count("学习方案") == 2 and contents.count("签到表") == 2 and contents.count("学习记录") == 1


def _judge_zip(zipped: bytes, who: str) -> None:
    with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
        assert archive.testzip() is None
        told = json.loads(archive.read("manifest.json"))
        rows = list(csv.reader(io.StringIO(archive.read("manifest.csv").decode("utf-8-sig"))))
        inside = set(archive.namelist()) - {"manifest.csv", "manifest.json"}
        assert all(each.date_time == (1980, 1, 1, 0, 0, 0) for each in archive.infolist())
        for row in told["files"]:
            if row["note"]:
                continue
            content = archive.read(row["path"])
            assert (len(content), hashlib.sha256(content).hexdigest()) == (row["size"], row["sha256"])
            assert row["by"] == who
    assert inside == {row["path"] for row in told["files"] if not row["note"]} == {
        "第01次学习/签到表扫描件/签到表.pdf", "第01次学习/签到表扫描件/签到表(2).pdf", "第01次学习/学习资料/=文章.pdf",
    }  # fmt: skip
    assert {row["name"]: row["note"] for row in told["files"] if row["note"]} == {
        "丢失.pdf": volume_work.MISSING, "改过.pdf": volume_work.CHANGED,
    }  # fmt: skip
    assert len(rows) == len(told["files"]) + 1 and rows[0][0] == "包内路径"
    assert "'=文章.pdf" in {row[1] for row in rows}


@pytest.mark.slow
@pytest.mark.usefixtures("committed")
def test_a_worker_killed_at_any_step_leaves_one_complete_volume(tmp_path: Path) -> None:
    where = build.committee("测试党组")
    year_of(where, 6)
    job = volume_work.start(where, 2026, by=BY, at=build.AT)
    steps = JobStep.objects.filter(job=job)
    for pause in (0.0, 1.5, 3.0):
        with worker(tmp_path) as process:
            until(lambda: steps.filter(stage=JobStage.RUNNING, claimed_at__gt=F("job__created_at")).exists(), 90)
            time.sleep(pause)
            end(process)
        if ended(job):
            break
    with worker(tmp_path):
        until(lambda: ended(job), 240)
    assert job.stage == JobStage.DONE, job.error
    paper = IssuedPaper.objects.get(kind=PaperKind.VOLUME)
    assert len(paper.facts["parts"]) == 2 + 6 * 2 + 5
    assert Job.objects.count() == 1 and not PaperFile.objects.exists()


# ------------------------------------------------------------------------------------------------ the page


@pytest.fixture
def house(db: None, settings: Any) -> dict[str, Any]:
    settings.CLOCK = build.AT
    root = build.committee("市委")
    county = build.committee("县委", parent=root)
    where, other = build.committee("甲", parent=county), build.committee("乙", parent=root)
    return {"root": root, "county": county, "where": where, "other": other}


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def test_the_page_tells_what_will_be_in_it_and_what_is_not_there(house: dict[str, Any], own_storage: Path) -> None:
    where = house["where"]
    secretary = build.secretary_of(where)
    client = client_of(secretary)
    address = f"/papers/volume/{where.pk}/"
    assert "还没有已召开的学习" in client.get(address).text
    assert client.post(address, {"year": "2026"}).status_code == 422
    first, _ = year_of(where)
    assert "缺签到表扫描件" in client.get(address).text
    keep(first, where, "签到表.pdf", "SIGN_IN_SCAN", secretary)
    answer = client.get(address)
    lacks = [each.lacks for each in answer.context["sittings"]]
    assert lacks == [["没有学习记录", "还没有归档"], ["学习记录还没有审签", "缺签到表扫描件", "还没有归档"]]
    assert answer.context["lacking"] == ["没有印发年度学习情况报告"]
    assert [row["path"] for row in answer.context["originals"]] == ["第01次学习/签到表扫描件/签到表.pdf"]
    started = client.post(address, {"year": "2026"})
    again = client.post(address, {"year": "2026"})
    assert started.status_code == 302 and started["Location"] == again["Location"]
    job = Job.objects.get()
    assert [step.key.split(":")[0] for step in job.steps.all()] == ["freeze", *["part"] * 4, "bind", "originals"]
    assert client.get(address, {"year": "1999"}).status_code == client.get(address, {"year": "x"}).status_code == 404
    assert client_of(secretary).get("/papers/volume/")["Location"] == address


def test_as_many_queries_for_one_session_as_for_twenty(house: dict[str, Any]) -> None:
    where = house["where"]
    client = client_of(build.secretary_of(where))
    year_of(where, 1)
    client.get(f"/papers/volume/{where.pk}/")
    with CaptureQueriesContext(connection) as few:
        client.get(f"/papers/volume/{where.pk}/")
    year_of(where, 20)
    with CaptureQueriesContext(connection) as many:
        assert len(client.get(f"/papers/volume/{where.pk}/").context["sittings"]) == 21
    assert len(many) == len(few)


def test_only_who_may_issue_for_the_committee_and_departments_only_what_is_theirs(house: dict[str, Any]) -> None:
    where, county = house["where"], house["county"]
    year_of(where)
    address = f"/papers/volume/{where.pk}/"
    for user, code in (
        (build.secretary_of(where), 200), (build.leader_of(where), 200), (build.granted(Role.REVIEWER, county), 200),
        (build.secretary_of(house["other"]), 404), (build.account(build.member(where).person), 404),
    ):  # fmt: skip
        assert client_of(user).get(address).status_code == code
    paper = IssuedPaper.objects.create(
        kind=PaperKind.VOLUME, committee=where, year=2026, title="学习档案", facts={"departments": [county.path]},
        edition="x", sha256="x", as_of=build.AT, issued_at=build.AT,
    )  # fmt: skip

    def sees(user: User) -> bool:
        return bool(IssuedPaper.objects.open_to(user, "paper.read").filter(pk=paper.pk).exists())

    assert sees(build.secretary_of(where)) and sees(build.granted(Role.HEAD, county))
    assert not sees(build.granted(Role.REVIEWER, house["root"])), (
        "the city reads a county's findings by its reason only"
    )
    assert not sees(build.secretary_of(house["other"]))


def test_a_year_without_the_committee_or_without_anything_is_refused(house: dict[str, Any]) -> None:
    where = build.committee("新单位", since=date(2026, 1, 1))
    for year, words in ((2025, "没有启用"), (2026, "没有可以归入")):
        with pytest.raises(Refused, match=words):
            volume_work.start(where, year, by=BY, at=build.AT)


def test_a_file_of_another_committee_and_one_not_open_to_the_asker_stay_out(
    house: dict[str, Any], own_storage: Path
) -> None:
    where, other = house["where"], house["other"]
    first, _ = year_of(where)
    theirs = build.secretary_of(other)
    keep(first, other, "别家.pdf", "OTHER", theirs)
    keep(first, where, "本家.pdf", "OTHER", build.secretary_of(where), PDF + b"own")
    assert [row["name"] for row in frozen_volume.originals(where, 2026, by=BY)] == ["本家.pdf"]
    assert frozen_volume.originals(where, 2026, by=theirs) == []
