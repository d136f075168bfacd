"""The record: append-only, chained, verified; the auditor reads what he may."""

import contextlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.audit.actions import SystemActor, keep_heads, record
from roster.audit.models import AuditEvent
from roster.audit.words import THINGS, VERBS, VERBS_OF, verb_word
from roster.committees import actions
from tests import build
from tests.roster.conftest import Tree

pytestmark = pytest.mark.django_db


def write(tree: Tree, by: User) -> None:
    for number in range(3):
        actions.edit(tree.county, version=number + 1, sort_order=number, by=by, at=build.AT)
        actions.edit(tree.other, version=number + 1, sort_order=number, by=by, at=build.AT)


def verify() -> dict[str, object]:
    out = StringIO()
    with contextlib.suppress(CommandError):
        call_command("audit_verify", "--json", stdout=out)
    return json.loads(out.getvalue())


def tamper(sql: str, *values: object) -> None:
    """What somebody with the database's own password could do."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE roster_auditevent DISABLE TRIGGER USER")
        cursor.execute(sql, values)
        cursor.execute("ALTER TABLE roster_auditevent ENABLE TRIGGER USER")


def test_a_whole_record_verifies(tree: Tree, admin: User) -> None:
    write(tree, admin)
    record(tree.county, verb="测试", by=SystemActor("定时任务"), at=build.AT, data={"甲": [1, 0.5, None, {"b": True}]})
    told = verify()
    assert told == {"chains": 2, "events": 7, "broken": []}


def test_a_changed_row_is_named(tree: Tree, admin: User) -> None:
    write(tree, admin)
    victim = AuditEvent.objects.get(chain=tree.county.pk, seq=2)
    tamper("UPDATE roster_auditevent SET actor_name = '别人' WHERE id = %s", victim.pk)
    assert verify()["broken"] == [
        {"chain": tree.county.pk, "seq": 2, "event": victim.pk, "reason": "内容与散列不符，本条被改过"}
    ]
    with pytest.raises(CommandError, match="已断开"):
        call_command("audit_verify", stdout=StringIO())


def test_a_missing_row_is_named(tree: Tree, admin: User) -> None:
    write(tree, admin)
    tamper("DELETE FROM roster_auditevent WHERE chain = %s AND seq = 2", tree.county.pk)
    (fault,) = verify()["broken"]  # type: ignore[misc]
    assert (fault["chain"], fault["seq"]) == (tree.county.pk, 2) and "缺失" in fault["reason"]


@pytest.mark.parametrize(
    "sql", ["UPDATE roster_auditevent SET verb = 'x'", "DELETE FROM roster_auditevent", "TRUNCATE roster_auditevent"]
)
def test_the_database_lets_nobody_change_the_record(sql: str, tree: Tree, admin: User) -> None:
    write(tree, admin)
    connection.check_constraints()  # as after a commit: nothing is pending any more
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def test_the_auditor_filters(tree: Tree, admin: User, auditor: User, enter: Callable) -> None:
    write(tree, admin)
    client = enter(auditor)

    def found(query: str) -> int:
        return client.get(f"/audit/?{query}").context["page_obj"].paginator.count

    assert found("") == 6 and found("q=清河县委") == 3 and found("verb=修改") == 6 and found("verb=登录") == 0
    assert found("subject=committee") == 6 and found("subject=grant") == 0
    assert found("first=2026-03-20&last=2026-03-20") == 6 and found("first=2026-03-21") == 0
    event = AuditEvent.objects.first()
    assert "散列相符" in client.get(f"/audit/{event.pk}/").content.decode()
    assert client.post("/audit/").status_code == 405


def test_a_countys_auditor_reads_its_chains_only(tree: Tree, admin: User, enter: Callable) -> None:
    write(tree, admin)
    local = build.granted(Role.AUDITOR, tree.county)
    client = enter(local)
    assert client.get("/audit/").context["page_obj"].paginator.count == 3
    foreign = AuditEvent.objects.filter(chain=tree.other.pk).first()
    assert client.get(f"/audit/{foreign.pk}/").status_code == 404


def test_the_first_administrator_comes_by_command(db: None) -> None:
    with pytest.raises(CommandError, match="--committee-name"):
        call_command("create_first_admin", "admin1", "王管理")
    out = StringIO()
    call_command("create_first_admin", "admin1", "王管理", "--committee-name", "云州市委", stdout=out)
    user = User.objects.get(username="admin1")
    secret = out.getvalue().split("初始密码：")[1].split()[0]
    assert user.check_password(secret) and user.must_change_password and user.is_staff and not user.is_superuser
    assert [grant.role for grant in user.grants.all()] == ["ADMIN"]
    with pytest.raises(CommandError, match="已有系统管理员"):
        call_command("create_first_admin", "admin2", "李管理")
    call_command("create_first_admin", "security1", "赵安全", "--role", "SECURITY", stdout=out)
    assert verify()["broken"] == []


def test_every_verb_of_the_record_is_said_in_chinese():
    pattern = re.compile(r'verb="([a-z_]+)"|Entry\([a-z_]+, "([a-z_]+)"')
    root = Path(__file__).parents[3]
    sources = [path for app in ("roster", "sessions_app") for path in (root / app).rglob("*.py")]
    verbs = {a or b for path in sources for a, b in pattern.findall(path.read_text(encoding="utf-8"))}
    assert len(verbs) > 20
    assert not sorted(verbs - set(VERBS))


def test_a_kind_of_thing_may_have_its_own_word_for_a_verb():
    assert (verb_word("approve"), verb_word("approve", "speech"), verb_word("approve", "studyplan")) == (
        "审定",
        "审核通过",
        "审定",
    )
    assert set(VERBS_OF) <= set(THINGS)
    assert {verb for words in VERBS_OF.values() for verb in words} <= set(VERBS)


# ------------------------------------------------------------------------------------------ heads kept, and compared


def against(path: Path) -> list[dict[str, object]]:
    out = StringIO()
    with contextlib.suppress(CommandError):
        call_command("audit_verify", "--json", "--against", str(path), stdout=out)
    return json.loads(out.getvalue())["broken"]


@pytest.mark.parametrize("words", [("--heads", "--json"), ("--heads",)])
def test_heads_kept_elsewhere_name_a_cut_tail_a_vanished_chain_and_a_rewritten_one(
    tree: Tree, admin: User, tmp_path: Path, words: tuple[str, ...]
) -> None:
    write(tree, admin)
    out = StringIO()
    call_command("audit_verify", *words, stdout=out)
    kept = tmp_path / "heads.txt"
    kept.write_text(out.getvalue(), encoding="utf-8")
    assert against(kept) == []
    tamper("DELETE FROM roster_auditevent WHERE chain = %s AND seq = 3", tree.county.pk)
    tamper("DELETE FROM roster_auditevent WHERE chain = %s", tree.other.pk)
    assert verify()["broken"] == [], "the chains that are left hold by themselves"
    said = {(row["chain"], str(row["reason"])[:5]) for row in against(kept)}
    assert said == {(tree.county.pk, "链尾被截去"), (tree.other.pk, "整条链不见")}


def test_a_chain_written_anew_is_found_out(tree: Tree, admin: User, tmp_path: Path) -> None:
    write(tree, admin)
    out = StringIO()
    call_command("audit_verify", "--heads", stdout=out)
    (tmp_path / "heads").write_text(out.getvalue(), encoding="utf-8")
    tamper("DELETE FROM roster_auditevent WHERE chain = %s", tree.other.pk)
    for number in range(3):
        record(tree.other, verb="edit", by=admin, at=build.AT, data={"别的": number})
    assert verify()["broken"] == []
    (found,) = against(tmp_path / "heads")
    assert found["chain"] == tree.other.pk and "留存的链尾不符" in str(found["reason"])


def test_a_file_without_heads_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("没有", encoding="utf-8")
    for path in (tmp_path / "x", tmp_path / "not there"):
        with pytest.raises(CommandError, match="没有链尾|读不了"):
            call_command("audit_verify", "--against", str(path))


def test_the_record_keeps_its_heads_once_a_day_and_misses_what_is_taken_away(tree: Tree, admin: User) -> None:
    write(tree, admin)
    machine = SystemActor("定时任务")
    chains = AuditEvent.objects.values("chain").distinct().count()
    assert keep_heads(by=machine, at=build.AT) == chains
    assert keep_heads(by=machine, at=build.AT) == 0, "once a day"
    actions.edit(tree.county, version=4, sort_order=9, by=admin, at=build.AT)
    assert keep_heads(by=machine, at=build.AT + timedelta(days=1)) == 1, "the chain that went on"
    assert verify()["broken"] == []
    tamper("DELETE FROM roster_auditevent WHERE chain = %s", tree.other.pk)
    tamper("DELETE FROM roster_auditevent WHERE chain = %s AND seq > 2", tree.county.pk)
    said = {(row["chain"], str(row["reason"])[:5]) for row in verify()["broken"]}
    assert said == {(tree.county.pk, "链尾被截去"), (tree.other.pk, "整条链不见")}
