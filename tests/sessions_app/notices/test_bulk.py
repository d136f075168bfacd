"""Rows copied in are the rows an INSERT would have made: values, ids in order, constraints."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from sessions_app.notices.bulk import copy_in
from sessions_app.notices.models import Channel, Delivery, Notice, Rhythm
from tests import build

pytestmark = pytest.mark.django_db
AWKWARD = "制表\t换行\n反斜杠\\ 引号\"' \\N 空"


def notices(count: int) -> list[Notice]:
    return [
        Notice(
            person=build.person(), rhythm=Rhythm.MONTHLY, period="2026-03", title=f"{AWKWARD}{n}", lead=AWKWARD,
            lines=[{"item": None, "what": AWKWARD, "due": "2026-03-05"}], created_at=build.AT,
        )
        for n in range(count)
    ]  # fmt: skip


def test_what_was_copied_in_reads_as_it_was_written() -> None:
    rows = copy_in(notices(3))
    assert [row.pk for row in rows] == sorted(row.pk for row in rows) and not rows[0]._state.adding
    for row in rows:
        kept = Notice.objects.get(pk=row.pk)
        for field in Notice._meta.concrete_fields:
            assert getattr(kept, field.attname) == getattr(row, field.attname), field.name
    assert (
        Notice.objects.create(person=build.person(), rhythm="URGENT", period="x", title="y", created_at=build.AT).pk
        > rows[-1].pk
    )


def test_choices_and_empty_moments() -> None:
    [notice] = copy_in(notices(1))
    [row] = copy_in([Delivery(notice=notice, channel=Channel.MAIL, address="a@b.example", next_try_at=build.AT)])
    kept = Delivery.objects.get(pk=row.pk)
    assert (kept.channel, kept.stage, kept.claimed_at, kept.notice_id) == ("MAIL", "WAITING", None, notice.pk)


def test_nothing_is_copied_in_twice() -> None:
    [notice] = copy_in(notices(1))
    again = Notice(person_id=notice.person_id, rhythm="MONTHLY", period="2026-03", title="x", created_at=build.AT)
    with pytest.raises(IntegrityError), transaction.atomic():
        copy_in([again])
    assert copy_in([]) == [] and Notice.objects.count() == 1
