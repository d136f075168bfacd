"""The script acted out in the tables, day by day, and what was told read back from them in the script's names."""

from collections import defaultdict
from datetime import date, datetime
from typing import Any

from roster.accounts.models import Grant, User
from roster.accounts.roles import Role
from roster.audit.actions import SystemActor
from roster.committees.models import Committee, CommitteeLevel
from roster.people.models import Membership, Person, StudySecretary
from sessions_app.attendance.models import LeaveRequest, MakeUpStudy
from sessions_app.corrections.models import Correction
from sessions_app.guidance.models import PromptReceipt, StudyPrompt
from sessions_app.minutes.models import Minutes
from sessions_app.notices.models import ChatTarget, Notice, Preference
from sessions_app.outcomes.models import Outcome
from sessions_app.papers.models import IssuedPaper
from sessions_app.plans.models import PlanItem, StudyPlan
from sessions_app.policies.actions import seed_working_days
from sessions_app.policies.models import Period, PolicyParameter
from sessions_app.reminders.models import DueItem, Reminder
from sessions_app.sessions.models import Participation, SpeakerFiling, Speech, StudySession
from tests import build
from tests.sessions_app.reminders.oracle import Name, Remembered, Told
from tests.sessions_app.reminders.script import FIRST, Event, Script

MACHINE = SystemActor("测试")
# Which keys stand in a subject, by its first word.
SUBJECTS: dict[str, tuple[str, ...]] = {
    "plan": ("body", ""), "month": ("body", ""), "quarter": ("body", ""), "report": ("body", ""), "close": ("body", ""),
    "session": ("session",), "minutes": ("session",), "make-up": ("make-up",), "leave": ("leave",),
    "prompt": ("prompt", "body"), "wait-plan": ("plan",), "wait-session": ("session",), "wait-minutes": ("minutes",),
    "wait-speech": ("speech",), "wait-correction": ("correction",), "wait-filing": ("filing",),
}  # fmt: skip


def eight(day: date) -> datetime:
    return build.at(day, 8)


class Played:
    def __init__(self, script: Script) -> None:
        self.script = script
        self.rows: dict[str, dict[str, Any]] = defaultdict(dict)  # "session": {"c01/3": row}
        self.numbers: dict[tuple[str, int], int] = defaultdict(int)
        seed_working_days([2025, 2026], by=MACHINE, at=eight(FIRST))
        self._bodies()
        self._posts()
        for rule in script.rules:
            PolicyParameter.objects.create(
                key=rule.key, committee=self.body(rule.body), value=rule.value, since=rule.since, until=rule.until, source="试"
            )  # fmt: skip
        for person, rhythm in script.rhythms.items():
            Preference.objects.create(person=self.person(person), rhythm=rhythm)
        for body in script.chats:
            ChatTarget.objects.create(committee=self.body(body), provider="WECOM", token=f"t-{body}")

    def body(self, key: str) -> Committee:
        return self.rows["body"][key]

    def person(self, key: str) -> Person:
        if key not in self.rows["person"]:
            self.rows["person"][key] = Person.objects.create(code=f"H{len(self.rows['person']):04d}", name=key)
        return self.rows["person"][key]

    def _bodies(self) -> None:
        for body in self.script.bodies:
            parent = self.body(body.parent) if body.parent else None
            level = CommitteeLevel.CITY if not parent else CommitteeLevel.COUNTY
            row = build.committee(body.key, parent=parent, level=level, since=body.since)
            Committee.objects.filter(pk=row.pk).update(until=body.until)
            self.rows["body"][body.key] = row

    def _posts(self) -> None:
        for rank, post in enumerate(self.script.posts):
            where, who = self.body(post.body), self.person(post.person)
            dated = {"committee": where, "since": post.since, "until": post.until}
            if post.role == "REVIEWER":
                user = User.objects.create(username=who.code, person=who, is_active=post.active)
                Grant.objects.create(user=user, role=Role.REVIEWER, **dated)
            elif post.role == "SECRETARY":
                StudySecretary.objects.create(person=who, **dated)
            else:
                Membership.objects.create(person=who, group_role=post.role, rank=rank, **dated)

    # ---------------------------------------------------------------------------------------------------- events

    def play(self, event: Event) -> None:
        getattr(self, "_" + event.verb.replace(" ", "_").replace("-", "_"))(event.key, event.day, **event.with_)

    def _save(self, kind: str, key: str, **changes: Any) -> Any:
        row = self.rows[kind][key]
        for name, value in changes.items():
            setattr(row, name, value)
        row.save(update_fields=list(changes))
        return row

    def _enter(self, key: str, on: date, *, body: str, day: date, form: str) -> None:
        session = StudySession.objects.create(
            committee=self.body(body), day=day, topic=f"专题{key}", form=form, entered_at=eight(on)
        )
        self.rows["session"][key] = session
        self._take_part(session, key, body, "ACCEPTED", host=True)

    def _take_part(self, session: StudySession, key: str, body: str, state: str, *, host: bool) -> None:
        number = 0
        if state == "ACCEPTED":
            self.numbers[body, session.day.year] += 1
            number = self.numbers[body, session.day.year]
        self.rows["part"][f"{key}+{body}"] = Participation.objects.create(
            study_session=session, committee=self.body(body), is_host=host, state=state, year=session.day.year,
            number=number, day=session.day,
        )  # fmt: skip

    def part(self, session: str, person: str) -> Participation:
        """The participation a person belongs to."""
        return self.rows["part"][f"{session}+{person.split('.')[1]}"]

    def _hand_in(self, key: str, on: date) -> None:
        self._save("session", key, stage="SUBMITTED", submitted_at=eight(on))

    def _approve(self, key: str, on: date) -> None:
        self._save("session", key, stage="APPROVED", approved_at=eight(on), approved_by=self.person("L.city"))

    def _hold(self, key: str, on: date) -> None:
        self._save("session", key, stage="HELD")

    def _archive(self, key: str, on: date) -> None:
        self._save("session", key, stage="ARCHIVED", archived_at=eight(on))

    def _cancel(self, key: str, on: date) -> None:
        self._save("session", key, stage="CANCELLED", cancel_reason="另有安排")

    def _move(self, key: str, on: date, *, to: date) -> None:
        old = self.rows["session"][key].day
        session = self._save("session", key, day=to, moved_from=old)
        Participation.objects.filter(study_session=session).update(day=to)

    def _write(self, key: str, on: date) -> None:
        self.rows["minutes"][key] = Minutes.objects.create(study_session=self.rows["session"][key])

    def _hand_in_minutes(self, key: str, on: date) -> None:
        if key not in self.rows["minutes"]:
            self._write(key, on)
        self._save("minutes", key, stage="SUBMITTED", submitted_at=eight(on))

    def _return_minutes(self, key: str, on: date) -> None:
        self._save("minutes", key, stage="RETURNED", return_note="请补充")

    def _sign(self, key: str, on: date) -> None:
        self._save("minutes", key, stage="APPROVED", approved_at=eight(on), approver=self.person("L.city"))

    def _invite(self, key: str, on: date, *, session: str, body: str, state: str) -> None:
        self._take_part(self.rows["session"][session], session, body, state, host=False)

    def _accept(self, key: str, on: date) -> None:
        part = self.rows["part"][key]
        self.numbers[key.split("+")[1], part.year] += 1
        self._save("part", key, state="ACCEPTED", number=self.numbers[key.split("+")[1], part.year])

    def _draft(
        self, key: str, on: date, *, body: str, year: int, topics: list[tuple[int, str]], edition: int = 1
    ) -> None:
        plan = StudyPlan.objects.create(
            committee=self.body(body), year=year, edition=edition, amend_reason="上级有新要求" if edition > 1 else ""
        )
        self.rows["plan"][key] = plan
        PlanItem.objects.bulk_create(
            PlanItem(plan=plan, serial=serial, quarter=quarter, topic=topic, category=1)
            for serial, (quarter, topic) in enumerate(topics, 1)
        )

    def _hand_in_plan(self, key: str, on: date) -> None:
        self._save("plan", key, stage="SUBMITTED", submitted_at=eight(on))

    def _approve_plan(self, key: str, on: date) -> None:
        self._save("plan", key, stage="APPROVED", approving_meeting="党组会议", approved_on=on)

    def _file(self, key: str, on: date, *, body: str, year: int) -> None:
        if key not in self.rows["plan"]:
            self._draft(key, on, body=body, year=year, topics=[])
        self._approve_plan(key, self.rows["plan"][key].approved_on or on)
        self._save("plan", key, stage="FILED", filed_on=on)

    def _ask_leave(self, key: str, on: date, *, session: str, person: str) -> None:
        self.rows["leave"][key] = LeaveRequest.objects.create(
            participation=self.part(session, person), person=self.person(person), kind="DUTY", reason="公务",
            asked_at=eight(on),
        )  # fmt: skip

    def _decide_leave(self, key: str, on: date) -> None:
        self._save("leave", key, stage="AGREED", decided_at=eight(on), decided_by=self.person("L.city"))

    def _withdraw_leave(self, key: str, on: date) -> None:
        self._save("leave", key, stage="WITHDRAWN")

    def _miss(self, key: str, on: date, *, session: str, person: str, due_on: date) -> None:
        self.rows["make-up"][key] = MakeUpStudy.objects.create(
            participation=self.part(session, person), person=self.person(person), due_on=due_on
        )

    def _make_up(self, key: str, on: date) -> None:
        self._save("make-up", key, stage="SUBMITTED", done_on=on)

    def _confirm(self, key: str, on: date) -> None:
        self._save("make-up", key, stage="CONFIRMED", confirmed_on=on)

    def _return_make_up(self, key: str, on: date) -> None:
        self._save("make-up", key, stage="RETURNED", return_note="请补写体会")

    def _void(self, key: str, on: date) -> None:
        self._save("make-up", key, stage="VOID")

    def _speak(self, key: str, on: date, *, session: str, person: str) -> None:
        self.rows["speech"][key] = Speech.objects.create(
            participation=self.part(session, person), speaker=self.person(person), kind="KEYNOTE", title=f"发言{key}",
            stage="SUBMITTED", submitted_at=eight(on),
        )  # fmt: skip

    def _hear(self, key: str, on: date) -> None:
        self._save("speech", key, stage="APPROVED", reviewed_at=eight(on))

    def _correct(self, key: str, on: date, *, session: str, person: str) -> None:
        held = self.rows["session"][session]
        self.rows["correction"][key] = Correction.objects.create(
            committee=held.committee, study_session=held, number=1, kind="MINUTES", before={}, after={}, reason="笔误",
            evidence="签到表", asked_by=self.person(person), asked_at=eight(on),
        )  # fmt: skip

    def _agree(self, key: str, on: date) -> None:
        self._save("correction", key, stage="LEADER_AGREED", decided_at=eight(on), decided_by=self.person("L.city"))

    def _countersign(self, key: str, on: date) -> None:
        self._save("correction", key, stage="AGREED", applied_on=on)

    def _refuse(self, key: str, on: date) -> None:
        self._save("correction", key, stage="REFUSED", decided_at=eight(on), decided_by=self.person("L.city"))

    def _outside(self, key: str, on: date, *, session: str) -> None:
        self.rows["filing"][key] = SpeakerFiling.objects.create(
            study_session=self.rows["session"][session], speaker=f"教授{key}", unit="党校", topic=f"报告{key}"
        )

    def _decide_filing(self, key: str, on: date) -> None:
        self._save("filing", key, stage="APPROVED", decided_at=eight(on))

    def _publish(self, key: str, on: date, *, body: str, year: int, quarter: int) -> None:
        self.rows["prompt"][key] = StudyPrompt.objects.create(
            committee=self.body(body), year=year, quarter=quarter, title=f"学习提示{key}。", stage="PUBLISHED",
            published_at=eight(on),
        )  # fmt: skip

    def _publish_later(self, key: str, on: date, *, body: str, year: int, quarter: int) -> None:
        self.rows["prompt"][key] = StudyPrompt.objects.create(
            committee=self.body(body), year=year, quarter=quarter, title=f"学习提示{key}。"
        )

    def _end(self, key: str, on: date) -> None:
        self._save("prompt", key, stage="CLOSED", closed_at=eight(on))

    def _receive(self, key: str, on: date, *, prompt: str, body: str) -> None:
        PromptReceipt.objects.create(
            prompt=self.rows["prompt"][prompt], committee=self.body(body), received_at=eight(on)
        )

    def _report(self, key: str, on: date, *, body: str, year: int, total: bool = False) -> None:
        where = self.body(body)
        IssuedPaper.objects.create(
            kind="annual", committee=where, year=year, subject_id=where.pk if total else None, title="年度报告", facts={},
            edition="试", file=f"papers/{body}.pdf", sha256="0" * 64, as_of=eight(on), issued_at=eight(on),
        )  # fmt: skip

    def _outcome(self, key: str, on: date, *, body: str) -> None:
        Outcome.objects.create(
            code=f"O{key}", committee=self.body(body), day=on, kind="ARTICLE", title="文章", entered_at=eight(on)
        )

    def _close(self, key: str, on: date, *, body: str, year: int, quarter: int) -> None:
        Period.objects.update_or_create(
            committee=self.body(body), year=year, quarter=quarter, defaults={"stage": "CLOSED"}
        )

    def _reopen(self, key: str, on: date, *, body: str, year: int, quarter: int) -> None:
        Period.objects.filter(committee=self.body(body), year=year, quarter=quarter).update(stage="OPEN")

    # -------------------------------------------------------------------------------------------------- read back

    def names(self) -> dict[str, dict[int, str]]:
        """Of each kind of row: its key in the script by its number."""
        return {kind: {row.pk: key for key, row in rows.items()} for kind, rows in self.rows.items()}


class Read:
    """Everything the runs wrote, in the script's names."""

    def __init__(self, played: Played) -> None:
        self.names = played.names()
        self.items = {item.pk: item for item in DueItem.objects.all()}
        self.notices = list(Notice.objects.order_by("id"))
        self.reminders = list(Reminder.objects.all())
        self.by_notice: dict[int, set[int]] = defaultdict(set)
        for reminder in self.reminders:
            self.by_notice[reminder.notice_id].add(reminder.item_id)

    def name(self, item_id: int) -> Name:
        item = self.items[item_id]
        word, *parts = item.subject.split(":")
        kinds = SUBJECTS[word]
        keys = [self.names[kind][int(part)] if kind else part for kind, part in zip(kinds, parts, strict=True)]
        return item.kind, ":".join([word, *keys])

    def day(self, at: datetime) -> date:
        return at.astimezone(build.SHANGHAI).date()

    def kept(self) -> set[tuple[Name, date, date, date | None, str]]:
        return {
            (self.name(pk), item.found_on, item.due_on, item.met_on, self.names["person"].get(item.person_id, ""))
            for pk, item in self.items.items()
        }

    def remembered(self) -> set[Remembered]:
        days = {notice.pk: self.day(notice.created_at) for notice in self.notices}
        return {
            Remembered(
                days[row.notice_id], self.names["person"][row.person_id], self.name(row.item_id),
                self.items[row.item_id].found_on, row.period,
            )
            for row in self.reminders
        }  # fmt: skip

    def told(self, notice: Notice, known: frozenset[str]) -> Told:
        """`known`: the texts a quarter's arrangement may name."""
        day, rhythm = self.day(notice.created_at), notice.rhythm
        to = (
            self.names["person"][notice.person_id]
            if notice.person_id
            else f"群:{self.names['body'][notice.committee_id]}"
        )
        listed = {line["item"] for line in notice.lines if line.get("item")}
        ids = self.by_notice[notice.pk] or listed
        things = frozenset(self.name(pk) for pk in ids)
        behind: set[tuple[str, int, date]] = set()
        texts: set[str] = set()
        if rhythm in ("DAILY", "WEEKLY", "MONTHLY") and notice.person_id:
            for line in notice.lines:
                if not line.get("item"):
                    count = int("".join(c if c.isdigit() else " " for c in line["what"]).split()[0])
                    behind.add((line["committee"], count, date.fromisoformat(line["due"])))
        if rhythm == "QUARTERLY" and notice.person_id:
            texts = {text for text in known for line in notice.lines if text in line["what"]}
        if not notice.person_id:
            texts = {f"{line['kind']} {line['what']}" for line in notice.lines}
        period = "" if rhythm == "URGENT" else notice.period
        return Told(day, to, rhythm, period, things, frozenset(behind), frozenset(texts))
