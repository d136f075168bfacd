"""Two people in the same moment, in real threads: one number, one paper, one receipt, one draft."""

import pytest

from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from sessions_app.bulletins import actions
from sessions_app.bulletins.models import Bulletin, BulletinReceipt
from sessions_app.papers import typeset
from sessions_app.papers.models import IssuedPaper
from tests import build
from tests.sessions_app.bulletins import compiling
from tests.sessions_app.bulletins.compiling import AT
from tests.sessions_app.guidance.test_guidance_races import race

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(typeset, "single", lambda kind, facts, **_: typeset.Finished(b"%PDF", 1, ()))


def test_two_who_sign_give_one_number_and_one_paper():
    here = compiling.place()
    row = compiling.checked(here)
    other = build.granted(Role.HEAD, here.city, on=compiling.DAY)
    sign = lambda user: lambda: actions.sign(row, version=None, by=user, at=AT)
    assert race(sign(here.signer), sign(other)) == ["done", "refused"]
    row.refresh_from_db()
    assert row.document_number == 1 and IssuedPaper.objects.count() == 1
    assert AuditEvent.objects.filter(verb="sign").count() == 1


def test_two_bulletins_signed_at_once_have_two_numbers():
    here = compiling.place()
    rows = [compiling.checked(here), compiling.checked(here)]
    acts = [lambda row=row: actions.sign(row, version=row.version, by=here.signer, at=AT) for row in rows]
    assert race(*acts) == ["done", "done"]
    assert sorted(Bulletin.objects.values_list("document_number", flat=True)) == [1, 2]


def test_four_who_receive_make_one_receipt():
    here = compiling.place()
    row = compiling.issued(here)
    act = lambda: actions.receive(row, committee=here.unit, by=here.secretary, at=AT)
    assert race(act, act, act, act) == ["done"] * 4
    assert BulletinReceipt.objects.count() == 1 == AuditEvent.objects.filter(verb="receive").count()


def test_drafts_made_at_once_have_different_issues_and_one_form_makes_one():
    here = compiling.place()
    act = lambda token: (
        lambda: actions.create(here.city, year=2026, quarter=1, form_token=token, by=here.compiler, at=AT)
    )
    assert race(act("a" * 36), act("a" * 36), act("b" * 36)) == ["done"] * 3
    assert sorted(Bulletin.objects.values_list("issue", flat=True)) == [1, 2]


def test_of_a_save_and_a_freeze_with_the_same_version_one_is_told():
    here = compiling.place()
    row = compiling.draft(here)
    came = race(
        lambda: actions.save(row, title="改", to=row.to, body=row.body, version=row.version, by=here.compiler, at=AT),
        lambda: actions.freeze(row, version=row.version, by=here.checker, at=AT),
    )
    assert came == ["done", "stale"]
