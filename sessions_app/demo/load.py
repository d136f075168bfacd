"""Loading the demo year: roster, two years of history by intake, then a living week by ordinary actions, and reminders."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection, transaction

from roster.audit.actions import SystemActor
from roster.committees import intake as committees
from roster.people import intake as people
from sessions_app.attendance import intake as attendance
from sessions_app.demo import accounts, corps, guidance, letters, living, rounds, supervision, tellings, weighing
from sessions_app.demo.world import World, build
from sessions_app.demo.year import History, history, moment
from sessions_app.minutes import intake as minutes
from sessions_app.outcomes import intake as outcomes
from sessions_app.plans import intake as plans
from sessions_app.policies.actions import seed_working_days
from sessions_app.policies.calendar import load as load_calendar
from sessions_app.sessions import intake as sessions
from sessions_app.sessions.models import AgendaKind, SessionStage

LOADER = SystemActor("演示装载")
Say = Callable[[str], None]


@dataclass
class Loaded:
    world: World
    history: History
    logins: list[accounts.Login]


@transaction.atomic
def load_demo(*, at: datetime, small: bool = False, say: Say = print) -> Loaded:
    """Everything in one transaction: a broken loading leaves nothing. Deterministic but for the day it is loaded on."""
    today = at.date()
    last_year = today.year - 1
    begun = moment(date(last_year - 2, 1, 2), 9)
    seed_working_days(range(last_year - 2, today.year + 2), by=LOADER, at=begun)
    world = build(last_year=last_year, small=small)
    committees.take_in([body.row for body in world.bodies], by=LOADER, at=begun)
    people.take_in_people(world.people, by=LOADER, at=begun)
    people.take_in_memberships([row for body in world.bodies for row in body.members], by=LOADER, at=begun)
    people.take_in_secretaries(world.secretaries, by=LOADER, at=begun)
    say(f"委员会 {len(world.bodies)} 个，人员 {len(world.people)} 人，学习秘书 {len(world.secretaries)} 任。")
    calendar = load_calendar(date(last_year - 1, 1, 1), date(today.year + 1, 12, 31))
    found = history(world, last_year=last_year, today=today, calendar=calendar)
    plans.take_in(found.plans, by=LOADER, at=at)
    sessions.take_in(found.sessions, by=LOADER, at=at)
    sessions.take_in_speeches(found.speeches, by=LOADER, at=at)
    say(f"计划条目 {len(found.plans)} 项，学习场次 {len(found.sessions)} 场，发言 {len(found.speeches)} 次。")
    attendance.take_in(found.marks, by=LOADER, at=at)
    minutes.take_in(_minutes(world, found), by=LOADER, at=at)
    outcomes.take_in(found.outcomes, by=LOADER, at=at)
    say(f"考勤 {len(found.marks)} 条，成果 {len(found.outcomes)} 项。")
    with connection.cursor() as cursor:  # so many rows are new that the planner knows nothing of them
        cursor.execute("ANALYZE")
    logins = accounts.create(world, by=LOADER, at=at)
    living.play(world, at=at)
    prompts = guidance.play(world, calendar=calendar, by=LOADER, at=at)
    say(f"学习提示 {prompts} 份。")
    experts, teams, courses = corps.play(world, small=small, by=LOADER, at=at)
    say(f"专家 {experts} 人，旁听组 {teams} 个，培训班 {courses} 期。")
    visits, findings = supervision.play(world, calendar=calendar, small=small, by=LOADER, at=at)
    say(f"列席旁听 {visits} 次，问题 {findings} 个。")
    accounts.create_clerks(at=at)
    sheets, talks = weighing.play(world, calendar=calendar, at=at)
    say(
        f"考核评分表 {sheets} 份，约谈 {talks} 件，学情通报 {tellings.play(calendar=calendar, small=small, at=at)} 期。"
    )
    rounds.close_last_year(at=at)
    told = rounds.tell(calendar, by=LOADER, at=at)
    say(f"提醒 {told} 条，提醒函 {letters.send(at=at, small=small)} 件。")
    say(f"账号 {len(logins)} 个，进行中的事项若干。")
    return Loaded(world, found, logins)


def _minutes(world: World, found: History) -> list[minutes.MinutesRow]:
    """The record of each archived session, as it would have been written a few days after."""
    spoken: dict[tuple[str, int, int], int] = {}
    for speech in found.speeches:
        key = (speech.committee, speech.year, speech.number)
        spoken[key] = spoken.get(key, 0) + 1
    rows = []
    for row in found.sessions:
        if row.stage != SessionStage.ARCHIVED or row.archived_at is None:
            continue
        body = world.body(row.committee)
        signed = row.archived_at
        leader = body.leader_on(signed.date())
        rows.append(
            minutes.MinutesRow(
                row.committee, row.year, row.number, row.recorder or body.secretaries[0], leader,
                signed - timedelta(days=2), signed - timedelta(hours=3),
                f"与会人员围绕{row.topic}，联系单位实际和分管工作交流了认识。",
                f"主持人对下一步学习贯彻{row.topic}提出要求。",
                [_said(item.kind, item.content) for item in row.agenda],
                [f"围绕{row.topic}，结合分管工作谈认识、提举措。"] * spoken.get((row.committee, row.year, row.number), 0),
                [f"围绕{row.topic}梳理需要推动解决的问题"],
            )
        )  # fmt: skip
    return rows


def _said(kind: str, content: str) -> str:
    return "按议程进行，内容见发言提纲。" if kind == AgendaKind.KEYNOTE else f"{content}，按议程进行。"
