"""A backup set and the way back: the database, the files, and a manifest that knows every part by size and SHA-256.

    DIR/manifest.json    what belongs to the set, row counts, heads of the audit chains, migrations, its own seal
    DIR/database.dump    pg_dump, custom format
    DIR/media/...        the files, under the names they have

Everything here is plain SQL, never a model: a backup is made before an upgrade, when the program is already newer than
the database, and a set of an older release is compared before it climbs.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

import psycopg
from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader
from psycopg import sql
from psycopg.conninfo import make_conninfo

from config import embedded
from config.version import VERSION
from roster.audit.verify import Broken, walk

FORMAT = 1
MANIFEST, DUMP, MEDIA = "manifest.json", "database.dump", "media"
# who is logged in: a key in a stolen backup would open the door
LEFT_OUT = ("django_session", "usersessions_usersession")
# filled by `migrate` itself; a database that holds nothing else is empty
FILLED = {"django_migrations", "django_content_type", "auth_permission"}
ASIDE = "zhixing_before_restore"  # the schema in which the old data wait until the new are found good
KEPT = ("sessions_app_attachment", "sessions_app_issuedpaper")  # each row knows its file and the file's SHA-256
SHOWN = {
    "roster_committee": "委员会", "roster_person": "人员", "roster_user": "账号", "sessions_app_studysession": "学习场次",
    "sessions_app_attachment": "附件记录", "roster_auditevent": "操作日志",
}  # fmt: skip
SPEAKS_NEW = 17  # from here on pg_restore says `SET transaction_timeout`, which an older server does not know
UNTOUCHED = "现在的数据没有动过。"

Say = Callable[[str], None]


class CannotBackUp(RuntimeError):
    """Says in one Chinese sentence what is wrong and what to do; the data are as they were."""


@dataclass
class Outcome:
    """What was done. `faults`: sentences on what is not as it should be though the work was done; empty when all is well."""

    manifest: dict[str, Any]
    faults: list[str] = field(default_factory=list)
    migrated: list[str] = field(default_factory=list)
    note: str = ""

    @property
    def well(self) -> bool:
        return not self.faults


# -------------------------------------------------------------------------------------------------- reading a database


def _address() -> dict[str, Any]:
    """What libpq is told: only what the settings say, for an older pg_dump does not know every newer default."""
    ours = ("cursor_factory", "context", "prepare_threshold")
    return {key: value for key, value in connection.get_connection_params().items() if key not in ours}


@contextlib.contextmanager
def _own_connection() -> Iterator[psycopg.Connection]:
    """One connection beside Django's, which are let go: so that any other connection is somebody else's."""
    connections.close_all()
    if connection.settings_dict["OPTIONS"].get("pool"):
        connection.close_pool()
    wanted = _address()
    try:
        database = psycopg.connect(**wanted, autocommit=True, application_name="zhixing backup")
    except psycopg.OperationalError as error:
        raise CannotBackUp(f"连不上数据库：{_short(str(error))}。请检查 DATABASE_URL 和数据库服务。") from None
    with database:
        database.execute("SET search_path = public")
        yield database


def _value(database: psycopg.Connection, query: str, *words: Any) -> Any:
    row = database.execute(query, words or None).fetchone()
    return row[0] if row else None


def _tables(database: psycopg.Connection) -> list[str]:
    rows = database.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = to_regnamespace('public') ORDER BY relname"
    )
    return [row[0] for row in rows]


def _counts(database: psycopg.Connection) -> dict[str, int]:
    return {
        table: 0 if table in LEFT_OUT
        else database.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()[0]
        for table in _tables(database)
    }  # fmt: skip


def _heads(database: psycopg.Connection) -> dict[str, list[Any]]:
    """Chain -> [seq, hash] of its last row."""
    if "roster_auditevent" not in _tables(database):
        return {}
    rows = database.execute(
        "SELECT DISTINCT ON (chain) chain, seq, hash FROM roster_auditevent ORDER BY chain, seq DESC"
    )
    return {str(chain): [seq, digest] for chain, seq, digest in rows}


def _applied(database: psycopg.Connection) -> list[str]:
    if "django_migrations" not in _tables(database):
        return []
    return [f"{app}.{name}" for app, name in database.execute("SELECT app, name FROM django_migrations ORDER BY id")]


def _last(applied: list[str]) -> dict[str, str]:
    """App -> its last migration, as it was applied."""
    return dict(sorted(name.split(".", 1) for name in applied))


def _server(database: psycopg.Connection) -> int:
    return database.info.server_version // 10000


# -------------------------------------------------------------------------------------------- PostgreSQL's own programs


def _program(name: str, least: int) -> tuple[int, str]:
    """Major version and path of the oldest `name` that is at least of major version `least`: on the PATH, or that of the embedded PostgreSQL."""
    found: list[tuple[int, str]] = []
    candidates = [shutil.which(name)]
    with contextlib.suppress(embedded.CannotStart):
        candidates.append(str(embedded.postgres_bin() / name))
    for path in filter(None, candidates):
        with contextlib.suppress(OSError):
            said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
            if version := re.search(r"\) (\d+)", said):
                found.append((int(version[1]), path))
    usable = sorted(pair for pair in found if pair[0] >= least)
    if not usable:
        has = f"（只有 {max(found)[0]} 版）" if found else ""
        raise CannotBackUp(
            f"没有 {least} 版以上的 {name}{has}：请安装软件包 postgresql-client-{least}，或重新运行 bin/setup。{UNTOUCHED}"
        )
    return usable[0]


def _run(*words: str) -> subprocess.CompletedProcess:
    """The password goes by the environment: a command line can be read by everybody."""
    address = _address()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    surroundings = kept | {"LC_ALL": "C.UTF-8", "PGPASSWORD": str(address.pop("password", ""))}
    command = [*words[:1], f"--dbname={make_conninfo(**address)}", *words[1:]]
    return subprocess.run(command, env=surroundings, capture_output=True, text=True, errors="replace", check=False)


def _short(words: str) -> str:
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    return (lines[0] if lines else "没有说明")[:300]


# ------------------------------------------------------------------------------------------------------------- files


def _copy(source: Path, target: Path, mode: int) -> tuple[int, str]:
    """Size and SHA-256 of what was written, which is on the disk when this returns."""
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as read, open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as write:
        while block := read.read(1 << 20):
            digest.update(block)
            size += len(block)
            write.write(block)
        os.fchmod(write.fileno(), mode)
        write.flush()
        os.fsync(write.fileno())
    return size, digest.hexdigest()


def _hash(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def _files(root: Path) -> Iterator[str]:
    """Names below `root`, in order; what begins with a dot is somebody's half-made file."""
    for directory, below, names in os.walk(root):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(names):
            path = Path(directory) / name
            if not name.startswith(".") and stat.S_ISREG(path.lstat().st_mode):
                yield path.relative_to(root).as_posix()


def _make_directories(wanted: Path, below: Path, mode: int) -> None:
    """mkdir alone would ask the umask: a backup is its owner's only, and nginx reads the files as one of the group."""
    inside = wanted.relative_to(below)
    for directory in [*reversed(inside.parents), inside]:
        path = below / directory
        if path != below and not path.exists():
            path.mkdir()
            path.chmod(mode)


def _write(path: Path, words: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(words)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def seal(manifest: dict[str, Any]) -> str:
    """SHA-256 of everything the manifest says but the seal itself: shows a damaged one. It is no signature."""
    said = {key: value for key, value in manifest.items() if key != "seal"}
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


# ----------------------------------------------------------------------------------------------------------- backing up


def back_up(place: Path, *, at: datetime, compress: bool = True) -> Outcome:
    """Make the set `place`, which must not exist yet. One snapshot for the dump, the counts and the heads.

    `compress` False leaves the dump as it is, for one who packs the set himself. Files are copied after the snapshot: a row is saved after its file, so every row finds its file in the set.
    """
    media = Path(settings.MEDIA_ROOT)
    place = Path(os.path.abspath(place))
    if place.exists() or place.is_symlink():
        raise CannotBackUp(f"{place} 已经存在，备份从不覆盖：请换一个目录名，如带上日期。")
    if place.is_relative_to(media.resolve()):
        raise CannotBackUp("备份不能放在附件目录里：请换一个目录，最好在另一块磁盘上。")
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))  # 0700
    except OSError as error:
        raise CannotBackUp(f"不能写 {place.parent}：{error.strerror}。请换一个目录，或检查属主和磁盘。") from None
    try:
        manifest, faults = _make(work, media, at, compress)
        _sync_directory(work)
        os.rename(work, place)
        _sync_directory(place.parent)
    except OSError as error:
        raise CannotBackUp(f"备份写到一半停了：{error.strerror}。请检查磁盘空间，再备份一次；没有留下半份。") from None
    finally:
        shutil.rmtree(work, ignore_errors=True)
    note = ""
    if manifest["postgres"] < SPEAKS_NEW <= manifest["tool"]:
        note = (
            f"这份备份是用 pg_dump {manifest['tool']} 版做的，只能恢复到 PostgreSQL {SPEAKS_NEW} 以上；"
            f"要能恢复到现在的 {manifest['postgres']} 版，请安装软件包 postgresql-client-{manifest['postgres']} 再备份。"
        )
    return Outcome(manifest, faults, note=note)


def _make(work: Path, media: Path, at: datetime, compress: bool) -> tuple[dict[str, Any], list[str]]:
    parts: dict[str, dict[str, Any]] = {}
    with _own_connection() as database:
        tool_version, tool = _program("pg_dump", _server(database))
        os.close(os.open(work / DUMP, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with database.transaction():
            database.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            snapshot = _value(database, "SELECT pg_export_snapshot()")
            manifest: dict[str, Any] = {
                "format": FORMAT, "made_at": at.isoformat(timespec="seconds"), "version": VERSION,
                "postgres": _server(database), "tool": tool_version, "migrations": _applied(database),
                "rows": _counts(database), "audit_heads": _heads(database), "left_out": list(LEFT_OUT),
            }  # fmt: skip
            manifest["migration_heads"] = _last(manifest["migrations"])
            known = _known_files(database)
            done = _run(
                tool, "--format=custom", *([] if compress else ["--compress=0"]), f"--snapshot={snapshot}", "--no-owner", "--no-privileges",
                f"--exclude-schema={ASIDE}", *(f"--exclude-table-data=public.{name}" for name in LEFT_OUT),
                f"--file={work / DUMP}",
            )  # fmt: skip
        if done.returncode:
            raise CannotBackUp(f"pg_dump 没有做完：{_short(done.stderr)}。请按它说的处理，再备份一次。")
    with (work / DUMP).open("rb") as file:
        os.fsync(file.fileno())
    size, digest = _hash(work / DUMP)
    parts[DUMP] = {"size": size, "sha256": digest}
    (work / MEDIA).mkdir(mode=0o700)
    for name in _files(media):
        target = work / MEDIA / name
        _make_directories(target.parent, work, 0o700)
        try:
            size, digest = _copy(media / name, target, 0o600)
        except FileNotFoundError:
            continue  # a rendered piece, thrown away in the meantime
        parts[f"{MEDIA}/{name}"] = {"size": size, "sha256": digest}
    manifest["parts"] = parts
    manifest["seal"] = seal(manifest)
    _write(work / MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1) + "\n")
    return manifest, _file_faults(known, parts)


def _known_files(database: psycopg.Connection) -> dict[str, str]:
    """Name -> SHA-256 of every file that a row answers for."""
    known: dict[str, str] = {}
    for table in set(KEPT) & set(_tables(database)):
        known |= dict(database.execute(sql.SQL("SELECT file, sha256 FROM {}").format(sql.Identifier(table))))
    return known


def _file_faults(known: dict[str, str], parts: dict[str, dict[str, Any]]) -> list[str]:
    missing = sorted(name for name in known if f"{MEDIA}/{name}" not in parts)
    changed = sorted(
        name for name, digest in known.items()
        if f"{MEDIA}/{name}" in parts and parts[f"{MEDIA}/{name}"]["sha256"] != digest
    )  # fmt: skip
    faults = []
    if missing:
        faults.append(f"有 {len(missing)} 个文件只有记录、磁盘上没有（如 {missing[0]}）：请从更早的备份找回。")
    if changed:
        faults.append(f"有 {len(changed)} 个文件与登记的散列不符（如 {changed[0]}）：请从更早的备份找回。")
    return faults


# ------------------------------------------------------------------------------------------------------ reading a set

SHAPE: dict[str, type] = {
    "made_at": str, "version": str, "postgres": int, "tool": int, "migrations": list, "rows": dict,
    "audit_heads": dict, "left_out": list, "parts": dict, "seal": str,
}  # fmt: skip


def read_set(place: Path) -> dict[str, Any]:
    """The manifest of a whole, undamaged set of a kind we know; every byte has been read and compared.

    Raises CannotBackUp for anything else.
    """
    other = f"请换一份完好的备份。{UNTOUCHED}"
    if not (place / MANIFEST).is_file():
        raise CannotBackUp(f"{place} 里没有 {MANIFEST}，不是一份备份或没有做完：{other}")
    try:
        manifest = json.loads((place / MANIFEST).read_text())
        form = manifest["format"]
    except (ValueError, KeyError, TypeError):
        raise CannotBackUp(f"{MANIFEST} 读不懂，已损坏：{other}") from None
    if form != FORMAT:
        raise CannotBackUp(
            f"这份备份的格式是第 {form} 版，本程序（{VERSION}）只认第 {FORMAT} 版：请用做备份的那一版或更新的程序恢复。{UNTOUCHED}"
        )
    if (
        any(not isinstance(manifest.get(key), kind) for key, kind in SHAPE.items())
        or seal(manifest) != manifest["seal"]
    ):
        raise CannotBackUp(f"{MANIFEST} 与它自己的封印不符，被改过或已损坏：{other}")
    if DUMP not in manifest["parts"]:
        raise CannotBackUp(f"{MANIFEST} 里没有数据库这一件：{other}")
    for name, wanted in manifest["parts"].items():
        _inspect(place, name, wanted, other)
    return manifest


def _inspect(place: Path, name: str, wanted: dict[str, Any], other: str) -> None:
    inside = PurePosixPath(name)
    if name != DUMP and (inside.parts[:1] != (MEDIA,) or len(inside.parts) < 2):
        raise CannotBackUp(f"{MANIFEST} 写了不该有的文件 {name}：{other}")
    if ".." in inside.parts or "\\" in name or "\0" in name:
        raise CannotBackUp(f"{MANIFEST} 写了备份以外的文件 {name}：{other}")
    path = place
    for step in inside.parts:
        path = path / step
        if path.is_symlink():
            raise CannotBackUp(f"备份里的 {name} 是符号链接，不能采信：{other}")
    if not path.is_file():
        raise CannotBackUp(f"备份不完整，缺 {name}：{other}")
    size = path.stat().st_size
    if size != wanted["size"]:
        raise CannotBackUp(f"备份已损坏，{name} 应为 {wanted['size']} 字节，实为 {size} 字节：{other}")
    if _hash(path)[1] != wanted["sha256"]:
        raise CannotBackUp(f"备份已损坏，{name} 的散列与清单不符：{other}")


def _unknown(applied: list[str]) -> list[str]:
    """Migrations that this program does not have."""
    loader = MigrationLoader(None)
    known = set(loader.disk_migrations)
    for migration in loader.disk_migrations.values():
        known |= set(migration.replaces)
    return [name for name in applied if tuple(name.split(".", 1)) not in known]


# ------------------------------------------------------------------------------------------------------------ restoring


def restore(place: Path, *, replace: bool = False, say: Say = print) -> Outcome:
    """Put the set `place` into the database and the files of this installation, then migrate.

    Everything that can be refused is refused before anything is touched. The old data wait in a schema of their own
    until the new ones are counted, migrated and walked through; until then any failure brings them back.
    """
    place = Path(os.path.abspath(place))
    manifest = read_set(place)
    if unknown := _unknown(manifest["migrations"]):
        raise CannotBackUp(
            f"这份备份来自更新的程序（{manifest['version']} 版，含本程序没有的迁移 {unknown[0]}）："
            f"请先升级程序再恢复。{UNTOUCHED}"
        )
    with _own_connection() as database:
        if _server(database) < manifest["postgres"]:
            raise CannotBackUp(
                f"这份备份出自 PostgreSQL {manifest['postgres']}，这里是 {_server(database)}，不能往回走："
                f"请换 {manifest['postgres']} 版以上的数据库。{UNTOUCHED}"
            )
        version, tool = _program("pg_restore", max(manifest["tool"], _server(database)))
        if _server(database) < SPEAKS_NEW <= version:
            raise CannotBackUp(
                f"pg_restore {version} 版不能恢复到 PostgreSQL {_server(database)}："
                + (
                    f"这份备份是用 pg_dump {manifest['tool']} 版做的，请换 {SPEAKS_NEW} 版以上的数据库。"
                    if manifest["tool"] >= SPEAKS_NEW
                    else f"请安装软件包 postgresql-client-{_server(database)}。"
                )
                + UNTOUCHED
            )
        listed = subprocess.run([tool, "--list", str(place / DUMP)], capture_output=True, text=True, check=False)
        if listed.returncode:
            raise CannotBackUp(f"{DUMP} 读不出来：{_short(listed.stderr)}。请换一份完好的备份。{UNTOUCHED}")
        _refuse_company(database)
        _refuse_loss(database, replace, say)
        staged = _stage(place, manifest)
        try:
            outcome = _put(database, tool, place, manifest, staged, say)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    cache.clear()
    return outcome


def _refuse_company(database: psycopg.Connection) -> None:
    if _value(database, "SELECT to_regnamespace(%s)", ASIDE):
        raise CannotBackUp(
            f"上一次恢复没有做完，原来的数据还在模式 {ASIDE} 里：请先在 psql 里执行"
            f" DROP SCHEMA public CASCADE; ALTER SCHEMA {ASIDE} RENAME TO public; 再恢复。"
        )
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    deadline = time.monotonic() + 2  # our own, just closed, take a moment to go
    while (others := _value(database, query)) and time.monotonic() < deadline:
        time.sleep(0.05)
    if others:
        raise CannotBackUp(
            f"还有 {others} 个连接在用这个数据库：请先停掉 web、worker、beat（和别的 psql），再恢复。{UNTOUCHED}"
        )


def _refuse_loss(database: psycopg.Connection, replace: bool, say: Say) -> None:
    rows = {table: count for table, count in _counts(database).items() if count and table not in FILLED}
    files = sum(1 for _ in _files(Path(settings.MEDIA_ROOT)))
    if not rows and not files:
        return
    named = [f"{label} {rows[table]:,}" for table, label in SHOWN.items() if table in rows]
    what = f"{'、'.join([*named, f'文件 {files:,}'])}，共 {sum(rows.values()):,} 行"
    if not replace:
        raise CannotBackUp(f"这里已有数据（{what}），恢复会全部丢失：确实要换掉，请先备份，再加 --replace。{UNTOUCHED}")
    say(f"将丢失现有的全部数据：{what}。")


def _stage(place: Path, manifest: dict[str, Any]) -> Path:
    """The files beside those in use, compared once more as they are written."""
    media = Path(settings.MEDIA_ROOT)
    try:
        staged = Path(tempfile.mkdtemp(prefix=".restore-", dir=media))
    except OSError as error:
        raise CannotBackUp(f"不能写 {media}：{error.strerror}。请检查属主和磁盘空间。{UNTOUCHED}") from None
    try:
        for part, wanted in manifest["parts"].items():
            if part == DUMP:
                continue
            target = staged / PurePosixPath(part).relative_to(MEDIA)
            _make_directories(target.parent, staged, settings.FILE_UPLOAD_DIRECTORY_PERMISSIONS)
            if _copy(place / part, target, settings.FILE_UPLOAD_PERMISSIONS) != (wanted["size"], wanted["sha256"]):
                raise CannotBackUp(f"{part} 在恢复时变了：请检查磁盘，换一份完好的备份。{UNTOUCHED}")
    except OSError as error:
        shutil.rmtree(staged, ignore_errors=True)
        raise CannotBackUp(f"附件写不下：{error.strerror}。请检查磁盘空间。{UNTOUCHED}") from None
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise
    return staged


def _put(
    database: psycopg.Connection, tool: str, place: Path, manifest: dict[str, Any], staged: Path, say: Say
) -> Outcome:
    _set_aside(database)
    try:
        say("正在恢复数据库。")
        done = _run(
            tool,
            "--single-transaction",
            "--exit-on-error",
            "--no-owner",
            "--no-privileges",
            str(place / DUMP),
        )
        if done.returncode:
            raise CannotBackUp(f"pg_restore 没有做完：{_short(done.stderr)}。已退回原状；请按它说的处理，再恢复。")
        _compare(database, manifest)
        faults = _file_faults(_known_files(database), manifest["parts"])
        before = set(_applied(database))
        _migrate()
        migrated = [name for name in _applied(database) if name not in before]
        faults += _audit_faults()
        database.execute("ANALYZE")
        _swap_files(staged, Path(settings.MEDIA_ROOT))  # last: what follows cannot fail any more
    except BaseException:
        connections.close_all()
        _bring_back(database)
        raise
    connections.close_all()
    database.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(ASIDE)))
    return Outcome(manifest, faults, migrated)


def _swap_files(staged: Path, media: Path) -> None:
    """Renames only, within one directory: all of them or none."""
    old = Path(tempfile.mkdtemp(prefix=".replaced-", dir=media))
    moves = [(entry, old / entry.name) for entry in _entries(media)]
    moves += [(entry, media / entry.name) for entry in _entries(staged)]
    done: list[tuple[Path, Path]] = []
    try:
        for source, target in moves:
            os.rename(source, target)
            done.append((source, target))
    except OSError as error:
        for source, target in reversed(done):
            os.rename(target, source)
        raise CannotBackUp(f"附件换不上：{error.strerror}。已退回原状；请检查附件目录的属主，再恢复。") from None
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _entries(place: Path) -> list[Path]:
    return [entry for entry in place.iterdir() if not entry.name.startswith(".")]


def _set_aside(database: psycopg.Connection) -> None:
    try:
        with database.transaction():
            database.execute(sql.SQL("ALTER SCHEMA public RENAME TO {}").format(sql.Identifier(ASIDE)))
            database.execute("CREATE SCHEMA public AUTHORIZATION pg_database_owner")
            database.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")
            database.execute("COMMENT ON SCHEMA public IS 'standard public schema'")
    except psycopg.errors.InsufficientPrivilege:
        raise CannotBackUp(
            f"这个数据库不属于程序的数据库用户：请用 ALTER DATABASE … OWNER TO 交给它，再恢复。{UNTOUCHED}"
        ) from None


def _bring_back(database: psycopg.Connection) -> None:
    with database.transaction():
        database.execute("DROP SCHEMA public CASCADE")
        database.execute(sql.SQL("ALTER SCHEMA {} RENAME TO public").format(sql.Identifier(ASIDE)))


def _compare(database: psycopg.Connection, manifest: dict[str, Any]) -> None:
    """As the set says, before anything climbs."""
    found = _counts(database)
    for table in sorted(found.keys() | manifest["rows"].keys()):
        has, wanted = found.get(table), manifest["rows"].get(table)
        if has != wanted:
            raise CannotBackUp(
                f"恢复出来的 {table} 有 {'没有' if has is None else has} 行，清单写的是 {wanted}：已退回原状，请换一份完好的备份。"
            )
    if _heads(database) != manifest["audit_heads"]:
        raise CannotBackUp("恢复出来的操作日志与清单里的链尾不符：已退回原状，请换一份完好的备份并报告审计员。")


def _migrate() -> None:
    try:
        call_command("migrate", interactive=False, verbosity=0)
    except Exception as error:
        raise CannotBackUp(
            f"数据恢复了，但升级到本版（{VERSION}）没有成功：{_short(str(error))}。已退回原状；请用 doctor 检查，或换回原来的版本。"
        ) from error


def _audit_faults() -> list[str]:
    return [
        f"操作日志在备份之前就已断开：链 {row.chain} 第 {row.seq} 条，{row.reason}。请报告审计员。"
        for row in walk() if isinstance(row, Broken)
    ]  # fmt: skip
