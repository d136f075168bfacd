"""The checklist, sheets and scores, having sat in, interviews: what works and every refusal."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from roster.audit.models import AuditEvent
from roster.audit.moves import Refused, Stale
from sessions_app.sessions.models import SessionStage
from sessions_app.visits import dossier, score_rules
from sessions_app.visits import dossier_actions as actions
from sessions_app.visits.models import ObservationVisit, ScoreSheet, ScoreStage, VisitScore, VisitStage
from tests import build
from tests.sessions_app.visits import sat_in
from tests.sessions_app.visits.sat_in import SatIn

pytestmark = pytest.mark.django_db
WELL = {key: (True, "") for key, _, _ in score_rules.CHECKS}
FULL = {n: (Decimal(row[2]), "") for n, row in enumerate(score_rules.SHEET, 1)}
KEYS = ("1" * 32, "2" * 32, "3" * 32)


@pytest.fixture
def it() -> SatIn:
    return sat_in.make()


def submit(it: SatIn, user=None, points=FULL, version=0, token="", **more):
    return actions.submit_score(
        it.fresh(), points=points, comment="", version=version, token=token, by=user or it.lead, at=build.AT, **more
    )


def save(it: SatIn, user=None, points=FULL, version=0, token="", **more):
    return actions.save_score(
        it.fresh(), points=points, comment="", version=version, token=token, by=user or it.lead, at=build.AT, **more
    )


def why(act) -> list[str]:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.reasons


# ---- before


def test_the_checklist_answered_in_full_moves_the_visit(it: SatIn) -> None:
    answers = WELL | {"materials": (False, "迟报一份")}
    done = actions.review(it.visit, answers=answers, version=it.visit.version, by=it.second, at=build.AT)
    assert done.stage == VisitStage.REVIEWED
    assert [(row.key, row.is_well, row.note) for row in done.checks.all() if not row.is_well] == [
        ("materials", False, "迟报一份")
    ]
    event = AuditEvent.objects.about(done).get()
    assert (event.verb, event.before, event.after, event.data) == (
        "review",
        "ACCEPTED",
        "REVIEWED",
        {"not_well": ["materials"]},
    )


def test_every_line_without_an_answer_or_a_note_is_said_at_once(it: SatIn) -> None:
    answers = WELL | {"plan": (None, ""), "speeches": (False, " ")}
    found = why(lambda: actions.review(it.visit, answers=answers, version=None, by=it.lead, at=build.AT))
    assert found == ["“年度学习计划已审定、已备案”还没有核对。", "“重点发言提纲已准备并经审核”不齐全，请写明缺什么。"]
    assert not it.visit.checks.exists()


def test_who_is_not_named_or_did_not_accept_does_nothing(it: SatIn) -> None:
    for user in (it.reviewer, it.secretary):
        assert why(lambda user=user: submit(it, user)) == ["只有派到这次旁听的人员可以办理。"]
    it.visit.observers.filter(person_id=it.second.person_id).update(accepted_at=None)
    assert why(lambda: submit(it, it.second)) == ["请先接受这次旁听任务，再办理。"]


# ---- scores


def test_the_leads_sheet_of_a_held_session_moves_the_visit_by_itself(it: SatIn) -> None:
    row = submit(it)
    assert (row.stage, row.total, row.submitted_at) == (ScoreStage.SUBMITTED, 100, build.AT)
    visit = it.fresh()
    assert (visit.stage, visit.observed_on) == (VisitStage.OBSERVED, it.session.day)
    sheet = ScoreSheet.objects.get()
    assert (sheet.committee, sheet.since, sheet.items.count()) == (it.department, date(2026, 1, 1), 11)
    submit(it, it.second)
    assert ScoreSheet.objects.count() == 1 and it.fresh().scores.count() == 2


def test_another_observers_sheet_leaves_the_visit_where_it_is(it: SatIn) -> None:
    submit(it, it.second)
    assert it.fresh().stage == VisitStage.ACCEPTED
    assert why(lambda: actions.observe(it.fresh(), version=None, by=it.lead, at=build.AT)) == [
        "带队人还没有提交评分表。"
    ]


def test_a_session_not_registered_as_held_waits_for_observe(it: SatIn) -> None:
    it.session.stage = SessionStage.APPROVED
    it.session.save()
    submit(it)
    assert it.fresh().stage == VisitStage.ACCEPTED
    assert why(lambda: actions.observe(it.fresh(), version=None, by=it.lead, at=build.AT)) == [
        "这场学习还没有登记召开，请单位学习秘书先登记。"
    ]
    it.session.stage = SessionStage.HELD
    it.session.save()
    assert (
        actions.observe(it.fresh(), version=it.fresh().version, by=it.second, at=build.AT).stage == VisitStage.OBSERVED
    )


def test_points_below_full_marks_need_a_reason_and_every_item_a_score(it: SatIn) -> None:
    found = why(lambda: submit(it, points=FULL | {2: (Decimal(6), ""), 7: (None, ""), 8: (Decimal(9), "互动不多")}))
    assert len(found) == 2 and "第 7 项" in found[0] and "第 2 项" in found[1]
    assert not VisitScore.objects.exists(), "nothing of it is kept: the page still holds it"


def test_points_out_of_range_are_not_even_kept(it: SatIn) -> None:
    assert why(lambda: save(it, points={1: (Decimal(9), "")})) == [
        "第 1 项“年度学习计划经本单位审定并按时备案”应在 0 到 8 分之间。"
    ]


def test_the_same_form_sent_twice_is_kept_once(it: SatIn) -> None:
    first = submit(it, token=KEYS[0])
    events = AuditEvent.objects.count()
    again = submit(it, token=KEYS[0])
    assert again.pk == first.pk and VisitScore.objects.count() == 1 and AuditEvent.objects.count() == events
    assert "不能再改" in why(lambda: submit(it, token=KEYS[1], version=first.version))[0]
    assert "不能再改" in why(lambda: save(it, version=first.version))[0]


def test_a_copy_older_than_what_is_kept_is_stale(it: SatIn) -> None:
    save(it, token=KEYS[0])
    with pytest.raises(Stale):
        save(it, version=0, token=KEYS[1])
    with pytest.raises(Stale):
        submit(it, version=0, token=KEYS[1])


def test_a_sending_that_was_never_answered_is_not_somebody_elses_change(it: SatIn) -> None:
    save(it, token=KEYS[0])  # the answer was lost on the way
    row = save(it, version=0, token=KEYS[1], earlier=[KEYS[0]])
    assert row.version == 2
    done = submit(it, version=0, token=KEYS[2], earlier=[KEYS[0], KEYS[1]])
    assert done.stage == ScoreStage.SUBMITTED and VisitScore.objects.count() == 1


def test_before_the_day_a_draft_is_kept_but_not_submitted() -> None:
    it = sat_in.make(day=build.DAY + timedelta(days=3), held=False)
    assert save(it).stage == ScoreStage.DRAFT
    assert "还没有到召开的日期" in why(lambda: submit(it, version=1))[0]


def test_without_a_session_or_after_the_feedback_nothing_is_scored(it: SatIn) -> None:
    ObservationVisit.objects.filter(pk=it.visit.pk).update(study_session=None)
    assert "场次还没有确定" in why(lambda: save(it))[0]
    ObservationVisit.objects.filter(pk=it.visit.pk).update(
        study_session=it.session, stage=VisitStage.FED_BACK, observed_on=it.session.day
    )
    assert "不能评分" in why(lambda: save(it))[0]


def test_the_department_returns_a_sheet_with_a_reason_and_it_is_submitted_again(it: SatIn) -> None:
    row = submit(it, it.second, token=KEYS[0])
    assert why(lambda: actions.return_score(row, reason=" ", by=it.reviewer, at=build.AT)) == ["请写明退回理由。"]
    back = actions.return_score(row, reason="第二项写错", by=it.reviewer, at=build.AT)
    assert (back.stage, back.total, back.submitted_at, back.client_token) == (ScoreStage.DRAFT, None, None, None)
    assert submit(it, it.second, version=back.version, token=KEYS[1]).stage == ScoreStage.SUBMITTED
    ObservationVisit.objects.filter(pk=it.visit.pk).update(stage=VisitStage.FED_BACK, observed_on=it.session.day)
    assert "不能再改" in why(lambda: actions.return_score(row, reason="晚了", by=it.reviewer, at=build.AT))[0]


# ---- sheets


def items(**changes) -> list[tuple[str, str, Decimal, str]]:
    return [(part, changes.get(key, text), Decimal(most), key) for part, text, most, key in score_rules.SHEET]


BANDS = [(Decimal(85), "好"), (Decimal(0), "差")]


def edit(sheet: ScoreSheet, it: SatIn, since: date, **more) -> ScoreSheet:
    values = {"name": "本市评分表", "items": items(plan="计划改了"), "bands": BANDS, "version": sheet.version} | more
    return actions.edit_sheet(sheet, since=since, by=it.reviewer, at=build.AT, **values)


def test_a_sheet_nobody_used_is_changed_in_place(it: SatIn) -> None:
    sheet = actions.default_sheet(it.department, since=date(2026, 1, 1), by=it.reviewer, at=build.AT)
    assert actions.default_sheet(it.department, since=date(2026, 2, 1), by=it.reviewer, at=build.AT) == sheet
    changed = edit(sheet, it, date(2026, 2, 1))
    assert changed.pk == sheet.pk and changed.items.first().text == "计划改了" and changed.bands.count() == 2
    with pytest.raises(Stale):
        edit(sheet, it, date(2026, 2, 1))


def test_a_used_sheet_stays_and_a_new_one_holds_from_a_day_on(it: SatIn) -> None:
    submit(it)
    old = ScoreSheet.objects.get()
    assert "应晚于原启用日期" in why(lambda: edit(old, it, old.since))[0]
    new = edit(old, it, date(2026, 4, 1))
    old.refresh_from_db()
    assert new.pk != old.pk and old.until == date(2026, 3, 31) and old.items.first().text == score_rules.SHEET[0][1]
    assert dossier.sheet_row(it.department, date(2026, 3, 31)) == old
    assert dossier.sheet_row(it.department, date(2026, 4, 1)) == new
    assert dossier.sheet_row(it.unit, date(2026, 4, 1)) == new, "a county without its own uses the one above"


def test_a_sheet_that_does_not_add_up_is_refused(it: SatIn) -> None:
    sheet = actions.default_sheet(it.department, since=date(2026, 1, 1), by=it.reviewer, at=build.AT)
    assert why(lambda: edit(sheet, it, date(2026, 1, 1), items=items()[1:])) == [
        "各项满分合计应为 100 分，现在是 92 分。"
    ]


# ---- interviews


def test_an_interview_is_kept_once_with_who_held_it(it: SatIn) -> None:
    def hold(**more):
        values = {"day": build.DAY, "who": "王主任", "post": "办公室主任", "text": "学得扎实"} | more
        return actions.add_interview(it.fresh(), **values, by=it.second, at=build.AT)

    assert hold().by_id == it.second.person_id
    assert why(hold) == ["这条访谈已经登记过了。"]
    assert why(lambda: hold(day=build.DAY + timedelta(days=1))) == ["访谈日期不能晚于今天。"]
    assert why(lambda: hold(who=" ")) == ["请填写访谈对象和要点。"]
