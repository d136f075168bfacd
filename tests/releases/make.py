"""Makes tests/releases/VERSION.tar.xz, a backup set of a small world as this release writes it.

    .venv/bin/python -m tests.releases.make

Run it once when a release is made, and commit what it writes. From then on the file is never made again: the ladder
(test_releases.py) restores every file here with the program of today and lets it climb.
"""

from __future__ import annotations

import hashlib
import tarfile
import tempfile
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from tests import servers  # noqa: F401  isort: skip -- starts Django

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command

from config.backup import back_up
from config.version import VERSION
from roster.accounts.models import User
from roster.committees import intake as committees
from roster.people import intake as people
from sessions_app.attachments import actions as attachments
from sessions_app.attachments.models import AttachmentKind
from sessions_app.attendance import intake as attendance
from sessions_app.demo import accounts, guidance, living, weighing
from sessions_app.demo.load import LOADER
from sessions_app.demo.world import World, build
from sessions_app.demo.year import history
from sessions_app.outcomes import intake as outcomes
from sessions_app.papers.models import IssuedPaper
from sessions_app.plans import intake as plans
from sessions_app.policies.actions import seed_working_days
from sessions_app.policies.calendar import load as load_calendar
from sessions_app.sessions import intake as sessions
from sessions_app.sessions.models import StudySession
from tests.build import SHANGHAI
from tests.scratch import scratch

HERE = Path(__file__).resolve().parent
AT = datetime(2026, 11, 20, 9, 0, tzinfo=SHANGHAI)
WHO = {"LC00", "LC02", "LX0100"}  # those whom the demo lets in
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def world() -> None:
    """Three committees of the demo with two years behind them: prompts, an assessment, a file, a paper."""
    last_year = AT.year - 1
    seed_working_days([last_year, AT.year, AT.year + 1], by=LOADER, at=AT)
    small = small_roster(build(last_year=last_year, small=True))
    committees.take_in([body.row for body in small.bodies], by=LOADER, at=AT)
    people.take_in_people(small.people, by=LOADER, at=AT)
    people.take_in_memberships([row for body in small.bodies for row in body.members], by=LOADER, at=AT)
    people.take_in_secretaries(small.secretaries, by=LOADER, at=AT)
    calendar = load_calendar(date(last_year, 1, 1), date(AT.year + 1, 12, 31))
    found = history(small, last_year=last_year, today=AT.date(), calendar=calendar)
    plans.take_in(found.plans, by=LOADER, at=AT)
    sessions.take_in(found.sessions, by=LOADER, at=AT)
    sessions.take_in_speeches(found.speeches, by=LOADER, at=AT)
    attendance.take_in(found.marks, by=LOADER, at=AT)
    outcomes.take_in(found.outcomes[:20], by=LOADER, at=AT)
    accounts.create(small, by=LOADER, at=AT)
    living.play(small, at=AT)
    guidance.play(small, calendar=calendar, by=LOADER, at=AT)
    accounts.create_clerks(at=AT)
    weighing.play(small, calendar=calendar, at=AT)
    session, user = StudySession.objects.order_by("pk")[0], User.objects.get(username="mishu").act(on=AT.date())
    attachments.attach(
        session, committee=session.committee, kind=AttachmentKind.MATERIAL, by=user, at=AT,
        upload=SimpleUploadedFile("学习资料.pdf", PDF, "application/pdf"),
    )  # fmt: skip
    paper = IssuedPaper(
        kind="minutes", committee=session.committee, year=AT.year, subject_id=session.pk, title="学习记录",
        facts={"topic": session.topic}, edition="0" * 64, sha256=hashlib.sha256(PDF).hexdigest(), pages=1, as_of=AT,
        issued_by=user, issued_at=AT,
    )  # fmt: skip
    paper.file.save("paper.pdf", ContentFile(PDF), save=True)


def small_roster(whole: World) -> World:
    bodies = [body for body in whole.bodies if body.code in WHO]
    secretaries = [row for row in whole.secretaries if row.committee in WHO]
    seated = {row.person for body in bodies for row in body.members} | {row.person for row in secretaries}
    persons = [row for row in whole.people if row.code in seated] + whole.people[-12:]
    return replace(whole, bodies=bodies, people=persons, secretaries=secretaries)


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory) / VERSION
        with scratch(Path(directory) / "media"):
            call_command("migrate", interactive=False, verbosity=0)
            world()
            outcome = back_up(place, at=AT, compress=False)
        if not outcome.well:
            raise SystemExit("\n".join(outcome.faults))
        target = HERE / f"{VERSION}.tar.xz"
        with tarfile.open(target, "w:xz", preset=9) as packed:
            for path in sorted(place.rglob("*")):
                packed.add(path, path.relative_to(place).as_posix(), recursive=False, filter=_nobodys)
    rows = sum(outcome.manifest["rows"].values())
    print(f"{target.relative_to(HERE.parent.parent)}: {target.stat().st_size // 1024} KB, {rows} rows")


def _nobodys(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = int(AT.timestamp())
    return entry


if __name__ == "__main__":
    main()
