"""A list of units as it is published: one question, a preview, then they are made."""

import contextlib
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from openpyxl import Workbook

from roster.accounts.roles import Role
from roster.committees.models import Committee
from sessions_app.workbooks import actions
from sessions_app.workbooks.models import ImportRun, ImportStage
from tests.build import AT, committee, granted, secretary_of

pytestmark = pytest.mark.django_db
OPTIONS = ("--units-kind", "党组", "--units-level", "市级", "--units-parent", "LC00", "--units-since", "2026-01-01")


def published(*names: str) -> io.BytesIO:
    made = Workbook()
    sheet = made.active
    sheet.title = "市直单位名单"
    sheet.append([f"市直单位名单（{len(names)}家）"])
    sheet.append(["序号", "单位名称", "联络员", "电话"])
    for number, name in enumerate(names, start=1):
        sheet.append([number, name, "张某", "0939-8210001"])
    sheet.append(["注：以上名单截至本月。"])
    data = io.BytesIO()
    made.save(data)
    data.seek(0)
    return data


@pytest.fixture
def city() -> Committee:
    return committee("市委", code="LC00", since=date(2000, 1, 1))


def command(capsys: Any, path: Path, *options: str) -> dict[str, Any]:
    with contextlib.suppress(CommandError):
        call_command("import_workbook", str(path), "--json", *options)
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_command_asks_once_and_then_makes_them(city: Committee, tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "b7.xlsx"
    path.write_bytes(published("测试丁局", "测试戊局").getvalue())
    asked = command(capsys, path, "--commit")
    assert asked["created"] == 0 and asked["questions"][0]["names"] == ["测试丁局", "测试戊局"]
    assert "--units-kind" in asked["error"] and [row["column"] for row in asked["unread"]] == ["联络员", "电话"]
    looked = command(capsys, path, *OPTIONS)
    assert looked["created"] == 2 and Committee.objects.count() == 1
    taken = command(capsys, path, "--commit", *OPTIONS)
    assert taken["created"] == 2 and taken["rejected"] == []
    made = list(Committee.objects.exclude(pk=city.pk).order_by("sort_order"))
    assert [(row.name, row.code, row.parent, row.get_kind_display(), row.since) for row in made] == [
        ("测试丁局", "LC00-01", city, "党组", date(2026, 1, 1)), ("测试戊局", "LC00-02", city, "党组", date(2026, 1, 1)),
    ]  # fmt: skip
    again = command(capsys, path, "--commit", *OPTIONS)
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, 2)
    assert {row["row"] for row in again["skipped"]} == {1, 5}


@pytest.mark.parametrize(
    ("options", "words"),
    [(OPTIONS[:4], "说得不全"), ((*OPTIONS[:1], "局", *OPTIONS[2:]), "只能填"), ((*OPTIONS[:7], "哪天"), "日期看不懂")],
)
def test_a_wrong_answer_is_said_in_words(
    city: Committee, tmp_path: Path, capsys: Any, options: tuple[str, ...], words: str
) -> None:
    path = tmp_path / "b7.xlsx"
    path.write_bytes(published("测试丁局").getvalue())
    assert words in command(capsys, path, *options)["error"]


def test_an_unknown_superior_and_a_unit_named_twice_are_refused(city: Committee, tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "b7.xlsx"
    path.write_bytes(published("测试丁局", "测试丁局").getvalue())
    looked = command(capsys, path, *OPTIONS[:5], "NONE", *OPTIONS[6:])
    assert "NONE" in looked["rejected"][0]["reason"] and "已经有这个单位" in looked["rejected"][1]["reason"]


def uploaded(by: Any) -> ImportRun:
    file = SimpleUploadedFile("名单.xlsx", published("测试丁局", "测试戊局").getvalue())
    return actions.look(actions.upload(file=file, by=by, at=AT), by=by, at=AT)


def test_the_page_asks_previews_makes_and_takes_back(city: Committee, client: Client) -> None:
    reviewer = granted(Role.REVIEWER, city)
    run = uploaded(reviewer)
    assert run.stage == ImportStage.PREVIEWED
    client.force_login(reviewer, backend="django.contrib.auth.backends.ModelBackend")
    text = client.get(reverse("import_run", args=[run.pk])).content.decode()
    assert "这是一份单位名单" in text and "测试戊局" in text and "联络员" in text
    assert "没有需要写入的内容" not in text  # nobody knows yet
    given = {"kind": "PARTY_GROUP", "level": "CITY", "parent": city.pk, "since": ""}
    answer = client.post(reverse("import_units", args=[run.pk]), given)
    assert answer.status_code == 422 and "请填写从哪天起" in answer.content.decode()
    answer = client.post(reverse("import_units", args=[run.pk]), given | {"since": "2026-01-01"})
    assert answer.status_code == 302 and Committee.objects.count() == 1
    text = client.get(reverse("import_run", args=[run.pk])).content.decode()
    assert "LC00-01" in text and 'value="2026-01-01"' in text
    client.post(reverse("import_commit", args=[run.pk]))
    assert Committee.objects.count() == 3
    client.post(reverse("import_undo", args=[run.pk]))
    assert Committee.objects.count() == 1


def test_a_secretary_makes_no_units(city: Committee) -> None:
    by = secretary_of(city)
    run = uploaded(by)
    actions.answer_units(run, actions.Answer("PARTY_GROUP", "CITY", "LC00", date(2026, 1, 1)), by=by, at=AT)
    run.refresh_from_db()
    run = actions.look(run, by=by, at=AT)
    assert run.report["created"] == 0 and len(run.report["rejected"]) == 2
