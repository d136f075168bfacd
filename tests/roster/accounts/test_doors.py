"""Manners of every door: reading never writes, and a refused form gives back what was typed."""

from typing import Any

import pytest
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from roster.accounts.middleware import ReadOnlyMiddleware, WritingWhileReading
from roster.audit.actions import SystemActor, record
from roster.committees.models import Committee
from sessions_app.plans import actions as plans
from tests import build

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("verb", ["get", "head"])
def test_a_reading_address_that_writes_is_stopped(verb: str) -> None:
    where = build.committee("市发改委党组")

    def writes(request: HttpRequest) -> HttpResponse:
        Committee.objects.filter(pk=where.pk).update(name="改了")
        return HttpResponse("ok")

    guarded = ReadOnlyMiddleware(writes)
    with pytest.raises(WritingWhileReading, match="roster_committee"), transaction.atomic():
        guarded(getattr(RequestFactory(), verb)("/plans/"))
    where.refresh_from_db()
    assert where.name == "市发改委党组"
    assert guarded(RequestFactory().post("/plans/")).status_code == 200


@pytest.mark.parametrize("act", ["create", "delete", "bulk"])
def test_no_way_of_writing_passes(act: str) -> None:
    where = build.committee()

    def writes(request: HttpRequest) -> HttpResponse:
        if act == "create":
            build.person()
        elif act == "bulk":
            Committee.objects.bulk_update([where], ["name"])
        else:
            where.names.all().delete()
        return HttpResponse("ok")

    with pytest.raises(WritingWhileReading):
        ReadOnlyMiddleware(writes)(RequestFactory().get("/plans/"))


def test_the_record_of_a_download_is_no_writing() -> None:
    where = build.committee()

    def reads(request: HttpRequest) -> HttpResponse:
        record(where, verb="export", by=SystemActor("测试"), at=build.AT, chain=where.pk)
        return HttpResponse("ok")

    assert ReadOnlyMiddleware(reads)(RequestFactory().get("/plans/")).status_code == 200


@pytest.fixture
def submitted(settings: Any) -> tuple[Any, Client]:
    settings.CLOCK = build.AT
    where = build.committee()
    secretary, leader = build.secretary_of(where), build.leader_of(where)
    plan = plans.create(committee=where, year=2026, by=secretary, at=build.AT)
    rows = [{"quarter": quarter, "topic": "专题", "category": 1} for quarter in (1, 2, 3, 4)]
    plan = plans.save_items(plan, items=rows, version=plan.version, by=secretary, at=build.AT)
    plan = plans.submit(plan, version=plan.version, by=secretary, at=build.AT)
    client = Client()
    client.force_login(leader, "django.contrib.auth.backends.ModelBackend")
    return plan, client


def test_a_note_refused_as_stale_is_given_back(submitted: tuple[Any, Client]) -> None:
    plan, client = submitted
    sent = {"version": plan.version - 1, "reason": "第三季度请再具体些"}
    page = client.post(reverse("plan_return", args=[plan.pk]), sent, follow=True).text
    assert "已被他人改动" in page and "您刚才填写的文字没有保存：“第三季度请再具体些”" in page
    plan.refresh_from_db()
    assert plan.stage == "SUBMITTED"


def test_a_note_that_is_too_long_or_missing_is_said_and_given_back(submitted: tuple[Any, Client]) -> None:
    plan, client = submitted
    address = reverse("plan_return", args=[plan.pk])
    long = "请再具体些。" * 200
    page = client.post(address, {"version": plan.version, "reason": long}, follow=True).text
    assert long in page and "没有保存" in page
    assert "message-error" in client.post(address, {"version": plan.version, "reason": ""}, follow=True).text
    plan.refresh_from_db()
    assert plan.stage == "SUBMITTED"
