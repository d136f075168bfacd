"""Two people in the same moment, in real threads: one receipt, one mapping a topic, nothing after the close."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from roster.audit.models import AuditEvent
from roster.audit.moves import Refused, Stale
from sessions_app.guidance import actions
from sessions_app.guidance.models import PromptMapping, PromptReceipt, PromptStage, StudyPrompt
from tests import build
from tests.sessions_app.guidance import prompting

pytestmark = pytest.mark.usefixtures("committed")
AT = build.AT


def race(*acts: Callable[[], Any]) -> list[str]:
    """All at once, each in its own connection; what came of each."""
    ready, results = threading.Barrier(len(acts)), []

    def run(act: Callable[[], Any]) -> None:
        try:
            ready.wait()
            act()
            results.append("done")
        except Stale:
            results.append("stale")
        except Refused:
            results.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(results)


def test_four_secretaries_who_receive_make_one_receipt():
    here = prompting.place()
    row = prompting.published(here.city, here.reviewer)
    act = lambda: actions.receive(row, committee=here.unit, by=here.secretary, at=AT)
    assert race(act, act, act, act) == ["done"] * 4
    assert PromptReceipt.objects.count() == 1
    assert AuditEvent.objects.filter(verb="receive").count() == 1


def test_two_answers_to_one_topic_leave_one_mapping_and_both_in_the_record():
    here = prompting.place()
    topic = prompting.published(here.city, here.reviewer).topics.first()
    items = [prompting.item(here.unit, serial=serial) for serial in (1, 2)]

    def take(item):
        return lambda: actions.map_topic(topic, committee=here.unit, plan_item=item, by=here.secretary, at=AT)

    assert race(*map(take, items)) == ["done", "done"]
    row = PromptMapping.objects.get()
    events = list(AuditEvent.objects.about(row).order_by("seq").values_list("data", flat=True))
    assert [event["was"] for event in events] == [{}, events[0]["to"]]
    assert events[-1]["to"] == {"plan_item": row.plan_item_id}
    assert PromptReceipt.objects.count() == 1


def test_of_two_who_publish_one_wins():
    here = prompting.place()
    row = prompting.draft(here.city, here.reviewer)
    act = lambda: actions.publish(row, version=row.version, by=here.reviewer, at=AT)
    assert race(act, act) == ["done", "stale"]
    assert AuditEvent.objects.filter(verb="publish").count() == 1


def test_the_same_form_sent_twice_at_once_makes_one_draft():
    here = prompting.place()
    act = lambda: prompting.draft(here.city, here.reviewer, form_token="c" * 36)
    assert race(act, act) == ["done", "done"]
    assert StudyPrompt.objects.count() == 1


def test_a_receipt_and_the_close_keep_their_order():
    here = prompting.place()
    row = prompting.published(here.city, here.reviewer)
    came = race(
        lambda: actions.receive(row, committee=here.unit, by=here.secretary, at=AT),
        lambda: actions.close(row, version=row.version, by=here.reviewer, at=AT),
    )
    assert StudyPrompt.objects.get().stage == PromptStage.CLOSED
    assert PromptReceipt.objects.count() == came.count("done") - 1
