"""Outcomes: their codes, what a conversion needs, and what follows from it."""

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from roster.audit.moves import Refused
from sessions_app.outcomes import actions
from sessions_app.outcomes.models import Outcome
from sessions_app.outcomes.rules import next_code
from sessions_app.outcomes.tree import tree_of
from sessions_app.policies.models import Period
from tests import build
from tests.sessions_app.attendance import studying

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


@pytest.fixture
def where():
    return build.committee("市发改委党组", code="SFGW")


@pytest.fixture
def secretary(where):
    return build.secretary_of(where)


def register(where, secretary, title="关于项目提速的建议", kind="PROPOSAL", day=date(2026, 3, 10), **more):
    return actions.register(
        committee=where, day=day, kind=kind, title=title, authors="张三", by=secretary, at=build.AT, **more
    )


def test_code_counts_on_for_the_committee_and_year(where, secretary):
    assert [register(where, secretary, f"建议{n}").code for n in range(3)] == [
        "SFGW-2026-01",
        "SFGW-2026-02",
        "SFGW-2026-03",
    ]
    assert register(where, secretary, "去年", day=date(2025, 5, 1)).code == "SFGW-2025-01"
    assert next_code("A-1", 2026, ["A-1-2026-99", "A-1-2026-x", "B-2026-200"]) == "A-1-2026-100"


def test_the_same_form_twice_is_one(where, secretary):
    assert register(where, secretary) == register(where, secretary)


def test_conversion_needs_a_number_or_a_file(where, secretary):
    proposal = register(where, secretary)
    with pytest.raises(Refused, match="凭据"):
        register(where, secretary, "提速办法", "POLICY", derived_from=proposal)
    assert not Outcome.objects.filter(kind="POLICY").exists()
    policy = register(where, secretary, "提速办法", "POLICY", derived_from=proposal, document_number="青发〔2026〕5号")
    upload = SimpleUploadedFile("规定.pdf", PDF)
    other = register(where, secretary, "提速规定", "REGULATION", derived_from=proposal, upload=upload)
    proposal.refresh_from_db()
    assert proposal.stage == "CONVERTED"
    assert [(b.outcome.pk, b.depth) for b in tree_of(other)] == [(proposal.pk, 0), (policy.pk, 1), (other.pk, 1)]
    with pytest.raises(Refused, match="转化而来"):
        actions.withdraw(proposal, reason="登记错", version=proposal.version, by=secretary, at=build.AT)
    actions.withdraw(policy, reason="重复", version=policy.version, by=secretary, at=build.AT)
    proposal.refresh_from_db()
    assert proposal.stage == "CONVERTED"
    actions.unlink(other, reason="登记错", version=other.version, by=secretary, at=build.AT)
    proposal.refresh_from_db()
    assert proposal.stage == "ADOPTED"


def test_no_circle(where, secretary):
    a = register(where, secretary, "甲", document_number="1号")
    b = register(where, secretary, "乙", document_number="2号", derived_from=a)
    c = register(where, secretary, "丙", document_number="3号", derived_from=b)
    a.refresh_from_db()
    with pytest.raises(Refused, match="互为来源"):
        actions.link(a, derived_from=c, version=a.version, by=secretary, at=build.AT)


def test_refusals(where, secretary):
    with pytest.raises(Refused) as told:
        actions.register(
            committee=where, day=date(2026, 12, 1), kind="?", title=" ", authors="", by=secretary, at=build.AT
        )
    assert len(told.value.reasons) == 4
    elsewhere = studying.session(build.committee())
    with pytest.raises(Refused, match="不是本委员会参加"):
        register(where, secretary, study_session=elsewhere)
    row = register(where, secretary)
    row = actions.reject(row, reason="条件不成熟", version=1, by=secretary, at=build.AT)
    with pytest.raises(Refused, match="未采纳"):
        register(where, secretary, "办法", "POLICY", document_number="5号", derived_from=row)
    row = actions.adopt(row, adoption="市政府采用", version=2, by=secretary, at=build.AT)
    Period.objects.create(committee=where, year=2026, stage="CLOSED")
    with pytest.raises(Refused, match="已截止"):
        actions.edit(row, title="改名", version=3, by=secretary, at=build.AT)
