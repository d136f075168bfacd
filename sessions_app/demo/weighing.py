"""The year weighed in the demo: last year's assessment made final, this year's in self-scoring, one 约谈 held, one suggested."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from zlib import crc32

from roster.accounts.models import User
from roster.committees.models import Committee
from roster.people.models import Person, StudySecretary
from sessions_app.assessment import (
    candidates,
    interview_actions,
    objection_actions,
    run_actions,
    scheme_actions,
    sheet_actions,
)
from sessions_app.assessment.models import (
    Assessment,
    AssessmentSheet,
    InterviewStage,
    LeaderInterview,
    OtherResult,
    SheetLine,
)
from sessions_app.demo.accounts import shown_committee
from sessions_app.demo.world import World
from sessions_app.demo.year import moment
from sessions_app.policies.rules import WorkingDays

JUDGED = (
    "查阅学习记录和发言提纲，研讨联系实际较好。",
    "听取汇报、查阅资料，按材料完整程度评分。",
    "列席旁听反映互动还可加强，酌情扣分。",
)
LEFT_OUT = 4  # units that did not score themselves last year


def play(world: World, *, calendar: WorkingDays, at: datetime) -> tuple[int, int]:
    """How many sheets are final and how many interviews there are. Follows the calendar of the working year."""
    today = at.date()
    year = today.year - 1
    root = Committee.objects.get(code="LC00")
    opened = calendar.add(date(today.year, 1, 4), 1)
    if opened + timedelta(days=60) > today:  # early in a year nothing of the last is weighed yet
        return 0, 0
    clerks = _clerks(world, opened)
    _published(root, year, day=date(year, 1, 4))
    run = _last_year(root, year, clerks, opened=opened, calendar=calendar)
    _years_before(root, run, at=moment(opened, 9))
    talks = _interviews(root, year, day=calendar.add(run.objection_until or opened, 3), today=today, calendar=calendar)
    _published(root, today.year, day=calendar.add(date(today.year, 1, 4), 4))
    _this_year(root, today, clerks, calendar=calendar)
    return run.sheets.count(), talks


def _acting(username: str, day: date) -> User:
    return User.objects.get(username=username).act(on=day)


def _published(root: Committee, year: int, *, day: date) -> None:
    """The default six indicators of the year, by the city's reviewer."""
    reviewer, at = _acting("shenhe", day), moment(day, 10)
    scheme = scheme_actions.take_example(name="default", committee=root, year=year, by=reviewer, at=at)
    scheme_actions.publish(scheme, version=scheme.version, by=reviewer, at=at)


def _clerks(world: World, day: date) -> dict[int, User]:
    """Who keeps the books of each committee that day; the shown one first."""
    shown = Committee.objects.get(code=shown_committee(world)).pk
    held = StudySecretary.objects.on(day).filter(person__user__isnull=False).order_by("committee__path", "since", "id")
    found: dict[int, User] = {}
    for row in held.select_related("person__user"):
        found.setdefault(row.committee_id, row.person.user)
    return {shown: found.pop(shown), **found}


def _last_year(
    root: Committee, year: int, clerks: dict[int, User], *, opened: date, calendar: WorkingDays
) -> Assessment:
    """Opened in January, weighed by the units, verified, published, one objection decided by another, made final."""
    reviewer = _acting("shenhe", opened)
    run = run_actions.open_assessment(root, year=year, as_of=date(year, 12, 31), by=reviewer, at=moment(opened, 9))
    run = run_actions.compute(run, by=reviewer, at=moment(opened, 9))
    run = run_actions.open_self(run, by=reviewer, at=moment(opened, 10))
    handed = calendar.add(opened, 5)
    for committee_id, user in list(clerks.items())[: len(clerks) - LEFT_OUT]:
        _hand_in(run, committee_id, user, handed)
    begun = calendar.add(run.self_due_on or handed, 1)
    reviewer = _acting("shenhe", begun)
    run = run_actions.start_review(run, by=reviewer, at=moment(begun, 9))
    for sheet in AssessmentSheet.objects.filter(assessment=run).select_related("committee").order_by("pk"):
        sheet_actions.verify(sheet, scores=_judged(sheet), done=True, by=reviewer, at=moment(begun, 15))
    _bonus(run, clerks, day=begun)
    told = calendar.add(begun, 3)
    run = run_actions.publish(run, by=_acting("shenhe", told), at=moment(told, 9))
    _objection(run, clerks, day=calendar.add(told, 2))
    ended = calendar.add(run.objection_until or told, 1)
    return run_actions.finalise(run, by=_acting("shenhe", ended), at=moment(ended, 10))


def _chance(*words: object) -> Random:
    return Random(crc32(" ".join(map(str, words)).encode()))


def _hand_in(run: Assessment, committee_id: int, user: User, day: date) -> None:
    """The unit takes the system's score, and its own where the system has none."""
    sheet = AssessmentSheet.objects.select_related("committee").get(assessment=run, committee_id=committee_id)
    chance = _chance("self", sheet.committee.code)
    scores = {}
    for line in SheetLine.objects.filter(sheet=sheet).select_related("item"):
        own = line.system if line.system is not None else _share(line.item.max, chance.uniform(0.88, 1))
        scores[line.pk] = (own, "")
    sheet_actions.submit_self(
        sheet, scores=scores, note="对照考核办法逐项自评。", by=user.act(on=day), at=moment(day, 10)
    )


def _judged(sheet: AssessmentSheet) -> dict[int, tuple[Decimal | None, str]]:
    """What can be counted stands as counted; what is judged is typed, with a reason."""
    chance = _chance("verify", sheet.committee.code)
    least = 0.92 if sheet.committee.parent_id is None else 0.7  # the city's own group is no laggard
    scores: dict[int, tuple[Decimal | None, str]] = {}
    for line in SheetLine.objects.filter(sheet=sheet).select_related("item"):
        if line.system is not None:
            differs = line.self_score is not None and line.self_score != line.system
            scores[line.pk] = (line.system, "按系统核算计。" if differs else "")
        else:
            scores[line.pk] = (
                _share(line.item.max, chance.uniform(least, 0.98)),
                JUDGED[chance.randrange(len(JUDGED))],
            )
    return scores


def _share(most: Decimal, share: float) -> Decimal:
    return (most * Decimal(str(round(share, 2)))).quantize(Decimal("0.1"))


def _bonus(run: Assessment, clerks: dict[int, User], *, day: date) -> None:
    """Two ask; one gets all of it, the other a part."""
    if not run.scheme.bonus_cap:
        return
    for number, (committee_id, user) in enumerate(list(clerks.items())[:2]):
        sheet = AssessmentSheet.objects.get(assessment=run, committee_id=committee_id)
        asked = objection_actions.ask_bonus(
            sheet,
            points=Decimal("2"),
            reason="学习做法在全市学习秘书培训班上作交流。",
            by=user.act(on=day),
            at=moment(day, 16),
        )
        objection_actions.decide_bonus(
            asked, granted=Decimal("2") if number == 0 else Decimal("1"), decision="核实属实。" if number == 0 else "市级以下交流，减半。",
            by=_acting("shenhe", day), at=moment(day, 17),
        )  # fmt: skip


def _objection(run: Assessment, clerks: dict[int, User], *, day: date) -> None:
    """One unit objects; the other reviewer upholds the score."""
    committee_id, user = list(clerks.items())[2]
    sheet = AssessmentSheet.objects.get(assessment=run, committee_id=committee_id)
    objection = objection_actions.object_to(
        sheet,
        reason="研讨深度一项，第三季度研讨发言材料报送时漏装订，现补充说明。",
        by=user.act(on=day),
        at=moment(day, 9),
    )
    objection_actions.decide_objection(
        objection,
        changes={},
        decision="已核对补充材料，原评分已计入，维持原评分。",
        by=_acting("fuhe", day),
        at=moment(day, 15),
    )


def _years_before(root: Committee, run: Assessment, *, at: datetime) -> None:
    """Two years before the system was used: results typed in. Who came last then comes last again in part."""
    sheets = list(AssessmentSheet.objects.filter(assessment=run).order_by("rank", "pk").select_related("committee"))
    for back in (1, 2):
        chance, year = _chance("before", back), run.year - back
        here = [sheet for sheet in sheets if sheet.committee.since <= date(year, 1, 1)]
        order = sorted(here, key=lambda sheet: (sheet.rank or 0) + chance.uniform(-35, 35))
        order.sort(key=lambda sheet: sheet.pk == here[-1].pk)  # one that was last then as well
        OtherResult.objects.bulk_create(
            OtherResult(
                committee=sheet.committee, year=year, name=candidates.OWN, score=Decimal(95) - Decimal(number) / 5,
                rank=number, of=len(order), source=f"{year}年度考核结果通报", entered_at=at,
            )
            for number, sheet in enumerate(order, start=1)
        )  # fmt: skip


def _interviews(root: Committee, year: int, *, day: date, today: date, calendar: WorkingDays) -> int:
    """Suggested by the reviewer; the head confirms the first, it is held and recorded; the others wait."""
    reviewer, head = _acting("shenhe", day), _acting("buling", day)
    made = interview_actions.suggest(root, year=year, by=reviewer, at=moment(day, 9))
    for row in made[:1]:
        row = interview_actions.confirm(row, note="请宣传部理论科准备材料。", by=head, at=moment(day, 15))
        held = calendar.add(day, 5)
        if held > today or not (led := interview_actions.leaders_on(row.committee_id, held)):
            continue
        interview_actions.hold(
            row, held_on=held, place="市委宣传部一楼会议室", interviewer=_person("buling"), interviewee=led[0],
            recorder=_person("shenhe"), record_text="通报近两年考核结果和主要失分项；听取说明；提出整改要求。被约谈人表示认可，将逐项整改。",
            commitments=[
                ("每季度集体学习研讨不少于一次，方案提前三个工作日报审", calendar.add(held, 40)),
                ("班子成员每人每年至少作一次重点发言", calendar.add(held, 120)),
            ],
            by=_acting("shenhe", held), at=moment(held, 17),
        )  # fmt: skip
    return LeaderInterview.objects.filter(department=root).exclude(stage=InterviewStage.DROPPED).count()


def _person(username: str) -> Person:
    return User.objects.select_related("person").get(username=username).person


def _this_year(root: Committee, today: date, clerks: dict[int, User], *, calendar: WorkingDays) -> None:
    """In the autumn the units weigh the year so far: some have handed in, the shown one has not."""
    opened = calendar.add(date(today.year, 10, 8), 20)
    if opened >= today:
        return
    reviewer = _acting("shenhe", opened)
    run = run_actions.open_assessment(
        root, year=today.year, as_of=date(today.year, 9, 30), by=reviewer, at=moment(opened, 9)
    )
    run = run_actions.compute(run, by=reviewer, at=moment(opened, 9))
    run = run_actions.open_self(run, due_on=calendar.add(max(today, opened), 4), by=reviewer, at=moment(opened, 10))
    handed = min(calendar.add(opened, 2), today)
    for committee_id, user in list(clerks.items())[1 : len(clerks) // 2]:
        _hand_in(run, committee_id, user, handed)
