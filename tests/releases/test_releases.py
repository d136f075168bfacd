"""The upgrade ladder: the set of every release so far restores with the program of today and climbs to it."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from config.backup import read_set, restore
from config.version import VERSION
from roster.audit.verify import Broken, walk
from roster.committees.models import Committee
from sessions_app.attachments.models import Attachment
from tests.scratch import scratch

RELEASES = sorted(Path(__file__).resolve().parent.glob("*.tar.xz"))


def test_this_release_stands_on_the_ladder() -> None:
    assert f"{VERSION}.tar.xz" in {path.name for path in RELEASES}, "run .venv/bin/python -m tests.releases.make"
    assert all(path.stat().st_size < 200_000 for path in RELEASES)


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.name.removesuffix(".tar.xz"))
def test_a_release_climbs_to_now(release: Path, tmp_path: Path, django_db_blocker) -> None:
    place = tmp_path / "set"
    with tarfile.open(release) as packed:
        packed.extractall(place, filter="data")
    manifest = read_set(place)
    with django_db_blocker.unblock(), scratch(tmp_path / "media"):
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version_num")
            if int(cursor.fetchone()[0]) // 10000 < manifest["postgres"]:
                pytest.skip("the database here is older than the one the release was made with")
        assert restore(place, say=lambda words: None).faults == []
        call_command("migrate", check_unapplied=True, verbosity=0)  # ends with 1 when something is left
        call_command("check", "--database", "default", verbosity=0)
        assert Committee.objects.count() == manifest["rows"]["roster_committee"]
        assert not [row for row in walk() if isinstance(row, Broken)]
        with Attachment.objects.get().file.open() as file:
            assert file.read(5) == b"%PDF-"
        with connection.cursor() as cursor:
            cursor.execute("SELECT conname FROM pg_constraint WHERE NOT convalidated")
            assert cursor.fetchall() == []
            with pytest.raises(Exception, match="append-only"):
                cursor.execute("TRUNCATE roster_auditevent CASCADE")
