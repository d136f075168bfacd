"""学习档案: asked for, then made by a worker in steps; its ZIP of originals with a manifest, always the same bytes."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import IO, Any

from django.core.files import File
from django.db import transaction

from roster.audit.actions import Actor, record
from roster.audit.moves import Refused
from roster.committees.models import Committee
from sessions_app.attachments.models import Attachment
from sessions_app.facts.periods import span
from sessions_app.jobs import actions as jobs
from sessions_app.jobs import work
from sessions_app.jobs.models import Job, JobStep
from sessions_app.papers import actions, frozen_volume, rules, typeset
from sessions_app.papers.handlers import actor, snapshot
from sessions_app.papers.models import IssuedPaper, PaperFile, PaperFormat, PaperKind
from sessions_app.papers.shelf import DatabaseShelf

VOLUME_JOB = "volume"
PACKED_AS = rules.fingerprint("originals", 1)  # the edition of the ZIP: how it is packed
CHUNK = 2**20
COLUMNS = ("path", "name", "kind", "size", "sha256", "about", "by", "at", "note")
HEADINGS = ("包内路径", "原文件名", "类别", "字节数", "SHA-256", "所属", "上传人", "上传时间", "说明")
LONG_AGO = (1980, 1, 1, 0, 0, 0)
MISSING, CHANGED = "存储里没有这个文件，没有装入", "文件与登记的校验值不一致，没有装入"


def start(committee: Committee, year: int, *, by: Actor, at: datetime) -> Job:
    """The job that makes the year's volume. A step a session, so that a killed one costs a session."""
    period = span(year)
    if not Committee.objects.filter(pk=committee.pk).active_in(period.first, period.last).exists():
        raise Refused(f"{committee}在{year}年没有启用，没有学习档案。请核对年度。")
    parts = frozen_volume.held(committee, year)
    if not parts and not frozen_volume.head(committee, year, today=at.date()):
        raise Refused(f"{committee}{year}年还没有可以归入档案的内容：没有审定的计划，也没有已召开的学习。")
    steps: list[jobs.Step] = [
        ("freeze", {"label": "数据冻结"}, 0),
        ("part:head", {"label": "计划和成员", "place": 0}, 1),
    ]
    for place, part in enumerate(parts, start=1):
        label = f"第{part.number}次学习"
        steps.append((f"part:{part.pk}", {"label": label, "place": place, "participation": part.pk}, 1))
    steps.append(("part:tail", {"label": "成果和督导", "place": len(parts) + 1}, 1))
    steps += [("bind", {"label": "装订"}, 2), ("originals", {"label": "原件打包"}, 3)]
    return jobs.start(
        VOLUME_JOB, key=f"{VOLUME_JOB}:{committee.pk}:{year}", label=f"{committee}{year}年度学习档案"[:120],
        committee=committee, steps=steps,
        arguments={"year": year, "today": min(at.date(), period.last).isoformat(), "at": at.isoformat()}, by=by, at=at,
    )  # fmt: skip


class Volumes:
    """Steps: "freeze" reads everything in one moment; "part:…" sets a session's papers; "bind" joins and issues;
    "originals" packs the files and lays them beside the paper."""

    def step(self, job: Job, step: JobStep) -> work.Save | None:
        if step.key == "freeze":
            return self._freeze(job)
        if step.key == "bind":
            return self._bind(job)
        if step.key == "originals":
            return self._originals(job)
        for each in step.arguments["parts"]:
            typeset.part(each["kind"], each["facts"], shelf=DatabaseShelf())
        return None

    def finish(self, job: Job) -> None:
        return None

    def _freeze(self, job: Job) -> work.Save:
        year, today = job.arguments["year"], date.fromisoformat(job.arguments["today"])
        steps = {step.key: step for step in job.steps.filter(key__startswith="part:")}
        by = actor(job)
        with snapshot():
            committee = Committee.objects.get(pk=job.committee_id)
            steps["part:head"].arguments["parts"] = frozen_volume.head(committee, year, today=today)
            for part in frozen_volume.held(committee, year):
                if step := steps.get(f"part:{part.pk}"):
                    step.arguments["parts"] = frozen_volume.of_session(part)
            parts, originals, departments = frozen_volume.tail(committee, year, today=today, by=by)
            steps["part:tail"].arguments["parts"] = parts
            name = committee.name_on(today)
        for step in steps.values():
            step.arguments.setdefault("parts", [])  # a session that was taken back since it was asked for

        def save(job: Job) -> None:
            JobStep.objects.bulk_update(steps.values(), ["arguments"], batch_size=50)
            job.arguments = {**job.arguments, "name": name, "originals": originals, "departments": departments}
            Job.objects.filter(pk=job.pk).update(arguments=job.arguments)

        return save

    def _bind(self, job: Job) -> work.Save:
        said, at = job.arguments, datetime.fromisoformat(job.arguments["at"])
        year, committee = said["year"], job.committee
        rows = job.steps.filter(key__startswith="part:").values_list("arguments", flat=True)
        parts = [each for row in sorted(rows, key=lambda row: row["place"]) for each in row["parts"]]
        number = actions.next_number(PaperKind.VOLUME, committee.pk, year, None)
        facts = {
            "title": f"{said['name']}{year}年度理论学习中心组学习档案",
            "cover": {"name": said["name"], "lines": [f"{year}年度理论学习中心组", "学习档案"]},
            "issue": {"number": number, "on": at.date().isoformat(), "as_of": said["at"]},
            "year": year, "parts": parts, "originals": said["originals"], "departments": said["departments"],
        }  # fmt: skip
        made = typeset.volume(facts, shelf=DatabaseShelf())

        def save(job: Job) -> None:
            paper = actions.keep(
                PaperKind.VOLUME, committee=committee, year=year, subject_id=None, number=number, facts=facts,
                made=made, as_of=at, by=actor(job), at=at, job=job,
            )  # fmt: skip
            job.result = {**job.result, "paper": paper.pk}

        return save

    def _originals(self, job: Job) -> work.Save | None:
        paper = IssuedPaper.objects.get(job=job)
        rows = paper.facts["originals"]
        if not rows or paper.files.filter(format=PaperFormat.ZIP).exists():
            return None
        packed = tempfile.TemporaryFile(prefix="zhixing-originals-")  # noqa: SIM115 (closed when it is saved)
        pack(packed, paper.facts)
        at = datetime.fromisoformat(job.arguments["at"])

        def save(job: Job) -> None:
            keep(paper, packed, by=actor(job), at=at)
            packed.close()

        return save


def pack(out: IO[bytes], facts: Mapping[str, Any]) -> None:
    """Write the ZIP: the files under their paths, then the manifest. Order, times and packing are always alike; nothing
    is pressed, for scans do not get smaller. What is missing or changed stays out and is said in the manifest."""
    held = Attachment.objects.in_bulk([row["pk"] for row in facts["originals"]])
    told = []
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for row in facts["originals"]:
            told.append({**row, "note": _put(archive, row, held.get(row["pk"]))})
        for name, content in (("manifest.csv", _sheet(told)), ("manifest.json", _plain(facts, told))):
            archive.writestr(_entry(name, len(content)), content)


def _entry(name: str, size: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, LONG_AGO)
    info.create_system, info.external_attr, info.file_size = 0, 0, size
    return info


def _put(archive: zipfile.ZipFile, row: Mapping[str, Any], kept: Attachment | None) -> str:
    """Why the file was left out, or nothing. It is read once to be judged and once to be packed: a piece at a time."""
    try:
        if kept is None:
            return MISSING
        with kept.file.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != row["sha256"]:
                return CHANGED
            file.seek(0)
            with archive.open(_entry(row["path"], row["size"]), "w") as into:
                shutil.copyfileobj(file, into, CHUNK)
    except FileNotFoundError:
        return MISSING
    return ""


def _cell(value: Any) -> str:
    """A cell that begins like a formula is told as text."""
    text = str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text


def _sheet(rows: Sequence[Mapping[str, Any]]) -> bytes:
    out = io.StringIO(newline="")
    sheet = csv.writer(out)
    sheet.writerow(HEADINGS)
    sheet.writerows([_cell(row[name]) for name in COLUMNS] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def _plain(facts: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> bytes:
    told = {"title": facts["title"], "year": facts["year"], "as_of": facts["issue"]["as_of"],
            "files": [{name: row[name] for name in COLUMNS} for row in rows]}  # fmt: skip
    return json.dumps(told, ensure_ascii=False, indent=1).encode()


@transaction.atomic
def keep(paper: IssuedPaper, packed: IO[bytes], *, by: Actor, at: datetime) -> PaperFile:
    """Lay the ZIP beside the paper, streamed: it may be larger than what a worker may hold."""
    packed.seek(0)
    digest = hashlib.file_digest(packed, "sha256").hexdigest()  # type: ignore[arg-type]
    packed.seek(0)
    row = PaperFile(paper=paper, format=PaperFormat.ZIP, sha256=digest, edition=PACKED_AS, made_at=at)
    row.file.save("originals.zip", File(packed), save=False)
    row.save(force_insert=True)
    record(paper, verb="add_file", by=by, at=at, data={"format": "zip", "sha256": digest, "edition": PACKED_AS[:12]})
    return row


def register() -> None:
    """Called by whoever works on jobs, beside the handlers of the other papers."""
    work.handlers[VOLUME_JOB] = Volumes()
