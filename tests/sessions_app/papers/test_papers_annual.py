"""The annual report from rows to PDF: figures on paper equal facts.figures; sections are kept; bytes come out again."""

import io
import re
from datetime import date
from pathlib import Path

import pypdf
import pytest
from django.core.management import CommandError, call_command

from roster.audit.actions import SystemActor
from sessions_app.facts import figures
from sessions_app.facts.periods import span
from sessions_app.jobs import work
from sessions_app.jobs.models import Job, JobStage
from sessions_app.papers import actions, handlers, verify
from sessions_app.papers.models import IssuedPaper, PaperKind, PaperSection
from sessions_app.papers.rules import number, percent
from sessions_app.plans.models import StudyPlan
from tests.build import AT
from tests.sessions_app.facts.world import World

pytestmark = pytest.mark.django_db
BY = SystemActor("测试")


@pytest.fixture(autouse=True)
def _registered(settings, tmp_path):
    handlers.register()
    settings.STORAGES = {**settings.STORAGES, "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}}  # fmt: skip


def run(job: Job) -> Job:
    assert work.drain(job.pk, 300) is False
    job.refresh_from_db()
    assert job.stage == JobStage.DONE, job.error
    return job


def text_of(content: bytes) -> str:
    reader = pypdf.PdfReader(io.BytesIO(content))
    return re.sub(r"\s+", "", "".join(page.extract_text() for page in reader.pages))


def content_of(paper: IssuedPaper) -> bytes:
    with paper.file.open("rb") as file:
        return file.read()


def test_one_committees_report_prints_the_figures() -> None:
    world = World(3, counties=1, townships=1, sessions=8)
    committee = max(world.committees, key=lambda one: figures.for_committee(one.pk, span(2026)).committee_sessions)
    committee.until = None
    committee.save()
    run(actions.start_annual(committee, 2026, whole=False, prose={"problems": "一是调研不够深。"}, by=BY, at=AT))
    paper = IssuedPaper.objects.get()
    found = figures.for_committee(committee.pk, span(2026))
    assert found.committee_sessions, "guard: the world must hold sessions"
    text = text_of(content_of(paper))
    assert f"应到{number(float(found.expected))}人次" in text
    assert f"出席{number(float(found.present))}人次" in text
    rate = None if found.presence_rate is None else float(found.presence_rate)
    assert f"出席率{percent(rate)}" in text
    assert "本年度系统内无旁听记录" in text and "一是调研不够深。" in text
    assert "六、下一步打算（待补）" in text
    assert paper.facts["sections"][0]["figures"] == found.as_json()
    assert paper.number == 1 and paper.pages == len(pypdf.PdfReader(io.BytesIO(content_of(paper))).pages)


def test_issued_again_it_gets_the_next_number_and_keeps_the_typed_chapters() -> None:
    world = World(5, counties=1, townships=1, sessions=2)
    committee = world.root
    committee.until, committee.since = None, date(2020, 1, 1)
    committee.save()
    run(actions.start_annual(committee, 2026, whole=False, prose={"next": "明年再学。"}, by=BY, at=AT))
    job = run(actions.start_annual(committee, 2026, whole=False, by=BY, at=AT))
    first, second = IssuedPaper.objects.order_by("number")
    assert (first.number, second.number) == (1, 2)
    assert "明年再学。" in text_of(content_of(second)) and "第2次印发" in text_of(content_of(second))
    assert job.result["rendered"] == 0, "the section was on the shelf"


def test_the_whole_is_bound_from_kept_sections_and_one_correction_renders_one_again() -> None:
    world = World(7, counties=1, townships=2, sessions=3)
    for one in world.committees:
        one.until, one.since = None, date(2020, 1, 1)
        one.save()
    job = run(actions.start_annual(world.root, 2026, whole=True, own=True, by=BY, at=AT))
    assert IssuedPaper.objects.count() == 4 + 2 == job.result["papers"]
    city = IssuedPaper.objects.get(subject_id=world.root.pk)
    assert city.pk == job.result["paper"]
    text, found = text_of(content_of(city)), figures.for_scope(world.root.path, span(2026))
    assert f"集体学习{found.sessions}场" in text and f"{found.committee_sessions}场次" in text
    for one in world.committees:
        assert f"{one.name}2026年度理论学习中心组学习情况报告" in text
    kept = set(PaperSection.objects.values_list("fingerprint", flat=True))
    assert len(kept) == 4 + 2

    plan = StudyPlan.objects.create(committee=world.townships[0], year=2026, edition=90, stage="APPROVED",
                                    amend_reason="更正", approving_meeting="更正后的会议", approved_on=date(2026, 2, 2))  # fmt: skip
    assert plan.pk
    job = run(actions.start_annual(world.root, 2026, whole=True, by=BY, at=AT))
    anew = set(PaperSection.objects.values_list("fingerprint", flat=True)) - kept
    assert len(anew) == 2, "the corrected section, and the head, whose planned items moved"
    second = IssuedPaper.objects.get(pk=job.result["paper"])
    assert "更正后的会议" in text_of(content_of(second)) and "更正后的会议" not in text_of(content_of(city))


def test_verification_sets_it_again_byte_for_byte(tmp_path: Path, capsys, monkeypatch) -> None:
    world = World(7, counties=1, townships=1, sessions=3)
    for one in world.committees:
        one.until, one.since = None, date(2020, 1, 1)
        one.save()
    out = tmp_path / "总报告.pdf"
    call_command("issue_paper", "annual", "--year", "2026", "--committee", world.root.code, "-o", str(out))
    call_command("verify_paper", str(out))
    assert "逐字节相同" in capsys.readouterr().out
    changed = tmp_path / "x.pdf"
    changed.write_bytes(out.read_bytes() + b"\n")
    with pytest.raises(SystemExit):
        call_command("verify_paper", str(changed))
    assert "没有印发过" in capsys.readouterr().out
    monkeypatch.setattr(verify, "edition", lambda: "f" * 64)
    with pytest.raises(SystemExit):
        call_command("verify_paper", str(out))
    said = capsys.readouterr().out
    assert "现在的版式是 ffffffffffff" in said and "没有被改动" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["bulletin", "--year", "2026"], "没有2026年的这期学情通报"),
        (["reminder-letter", "--year", "2026"], "没有发给"),
        (["nonsense", "--year", "2026"], "没有“nonsense”"),
        (["annual", "--year", "2026", "--format", "xlsx"], "没有 xlsx 格式"),
        (["annual", "--year", "2026", "--committee", "没有"], "没有编码为"),
        (["minutes", "--year", "2026"], "期次"),
    ],
)
def test_the_command_refuses_in_words(words: list[str], said: str, tmp_path: Path) -> None:
    World(2, counties=1, townships=1, sessions=1)
    with pytest.raises(CommandError, match=said):
        call_command("issue_paper", *words, "-o", str(tmp_path / "x.pdf"))


def test_a_year_before_the_committee_is_refused() -> None:
    world = World(2, counties=1, townships=1, sessions=1)
    with pytest.raises(Exception, match="没有启用"):
        actions.start_annual(world.root, 1999, whole=False, by=BY, at=AT)


def test_issued_papers_cannot_be_changed() -> None:
    world = World(5, counties=1, townships=1, sessions=1)
    world.root.until, world.root.since = None, date(2020, 1, 1)
    world.root.save()
    run(actions.start_annual(world.root, 2026, whole=False, by=BY, at=AT))
    paper = IssuedPaper.objects.get(kind=PaperKind.ANNUAL)
    paper.title = "改了"
    with pytest.raises(Exception, match="append-only|不能|只能"):
        paper.save()
