"""Search in a city's five years: a scratch database filled with Chinese, each question timed against LIKE and the bare id query.

    python bench/search.py [TIMES]      (default 1: 115 committees, five years, 10,000 sessions, 60,000 texts; 10 is a province)

Prints milliseconds, the best of three, of the whole page's questions (all kinds), and the ratio to `SELECT id … LIKE
'%word%' … LIMIT 100` over the same texts and to fetching one row by its key. Makes a database of its own beside the one
in use and drops it at the end. `--plan` prints the plan of the rare word's question.
"""

import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
os.environ["ZHIXING_DATABASE_POOL"] = "false"

import django

django.setup()

from django.core.management import call_command
from django.db import connection, connections

from roster.accounts.models import UserReach
from sessions_app.search.reader import COUNTED, find
from sessions_app.search.rules import question
from sessions_app.search.sources import SOURCES

SCRATCH = "zhixing_bench_search"
YEARS = range(2022, 2027)
VERBS = [
    "深入学习领会",
    "认真贯彻落实",
    "全面准确把握",
    "统筹推进",
    "持续深化",
    "着力破解",
    "扎实开展",
    "切实加强",
    "不断完善",
    "积极探索",
    "牢牢守住",
    "系统谋划",
    "坚决防范",
    "主动服务",
    "聚力打造",
    "严格执行",
    "精准对接",
    "加快补齐",
    "健全落实",
    "创新运用",
]
THINGS = [
    "新质生产力",
    "全过程人民民主",
    "党的自我革命",
    "中央八项规定精神",
    "基层治理能力",
    "乡村全面振兴",
    "生态环境保护",
    "意识形态责任制",
    "营商环境",
    "城市更新",
    "数字政府建设",
    "产业链供应链",
    "科技成果转化",
    "粮食安全",
    "耕地保护",
    "安全生产",
    "民生保障",
    "养老服务体系",
    "教育资源均衡",
    "医药卫生改革",
    "文化遗产保护",
    "宣传思想文化工作",
    "干部队伍建设",
    "人才引育",
    "财政金融风险",
    "国有企业改革",
    "民营经济发展",
    "法治政府",
    "信访矛盾化解",
    "防汛抗旱",
]
WHERE = [
    "结合云州实际",
    "围绕中心工作",
    "针对调研发现的问题",
    "对照巡察反馈",
    "立足岗位职责",
    "坚持问题导向",
    "按照年度计划",
    "聚焦群众急难愁盼",
    "从制度机制入手",
    "以项目化方式",
]
THEN = [
    "形成了一批可复制的经验",
    "明确了时间表和路线图",
    "提出三条对策建议",
    "建立工作台账",
    "压实了各级责任",
    "取得了阶段性成效",
    "还存在落实不到位的情况",
    "要求月底前报送进展",
    "由分管领导牵头督办",
    "纳入年度考核",
]
RARE = "澜沧渡口"
CHANCE = random.Random(5)  # noqa: S311 (invented texts, always the same)


def sentence() -> str:
    pick = CHANCE.choice
    return f"{pick(WHERE)}，{pick(VERBS)}{pick(THINGS)}，{CHANCE.randint(1, 99)}号楼第{CHANCE.randint(1, 40)}支部{pick(THEN)}。"


def text(rare: float = 0.0003) -> str:
    said = "".join(sentence() for _ in range(CHANCE.randint(4, 10)))
    return said + (f"在{RARE}现场观摩时谈到这一点。" if CHANCE.random() < rare else "")


def topic() -> str:
    return f"{CHANCE.choice(VERBS)}{CHANCE.choice(THINGS)}专题学习研讨"


def rows_of(times: int) -> Iterator[tuple[str, list[str], list[tuple[object, ...]]]]:
    """Table, columns, rows; keys are given here."""
    committees, per_year = 115 * times, 18
    county = max(2, committees // 20)
    path = {1: "0000001/"}
    found: list[tuple[object, ...]] = [(1, 1, "C1", "云州市", "CITY", 0, None, path[1])]
    for pk in range(2, committees + 1):
        above = 1 if pk <= county else 2 + pk % (county - 1)
        path[pk] = f"{path[above]}{pk:07d}/"
        found.append((pk, 1, f"C{pk}", f"单位{pk}", "COUNTY", 1, above, path[pk]))
    yield (
        "roster_committee", ["id", "version", "code", "name", "level", "level_order", "parent_id", "path"],
        found,
    )  # fmt: skip
    yield "roster_person", ["id", "version", "code", "name"], [(1, 1, "P1", "王一")]
    sessions, parts, minutes, agenda, sections, speeches, plans, items, outcomes, findings = ([] for _ in range(10))
    for committee in range(1, committees + 1):
        for year in YEARS:
            plan = len(plans) + 1
            plans.append((plan, 1, committee, year, 1))
            items += [(len(items) + each, plan, each, (each - 1) // 3 + 1, topic()) for each in range(1, 13)]
            for number in range(1, per_year + 1):
                pk = len(sessions) + 1
                day = date(year, 1, 1) + timedelta(days=number * 19)
                sessions.append((pk, 1, committee, day, topic(), "HELD"))
                parts.append((pk, 1, pk, committee, True, year, number, day))
                minutes.append((pk, 1, pk, text(), text()))
                for order in range(3):
                    agenda.append((pk * 3 + order, pk, order + 1, "KEYNOTE", topic()))
                    sections.append((pk * 3 + order, pk, pk * 3 + order, text()))
                    speeches.append((pk * 3 + order, 1, pk, 1, f"{topic()}之{order}", text()))
                if number % 4 == 0:
                    outcomes.append(
                        (len(outcomes) + 1, 1, f"O{len(outcomes)}", committee, day, "ESSAY", f"关于{topic()}的思考")
                    )
            findings.append((len(findings) + 1, 1, committee, 1, "VISIT", year, committee, 1, sentence(), date(year, 6, 1), "OPEN"))  # fmt: skip
    yield "sessions_app_studyplan", ["id", "version", "committee_id", "year", "edition"], plans
    yield "sessions_app_planitem", ["id", "plan_id", "serial", "quarter", "topic"], items
    yield "sessions_app_studysession", ["id", "version", "committee_id", "day", "topic", "stage"], sessions
    yield (
        "sessions_app_participation",
        ["id", "version", "study_session_id", "committee_id", "is_host", "year", "number", "day"], parts,
    )  # fmt: skip
    yield "sessions_app_minutes", ["id", "version", "study_session_id", "discussion", "summary"], minutes
    yield "sessions_app_agendaitem", ["id", "study_session_id", "order", "kind", "content"], agenda
    yield "sessions_app_minutessection", ["id", "minutes_id", "agenda_item_id", "text"], sections
    yield "sessions_app_speech", ["id", "version", "participation_id", "speaker_id", "title", "text"], speeches
    yield "sessions_app_outcome", ["id", "version", "code", "committee_id", "day", "kind", "title"], outcomes
    yield (
        "sessions_app_finding",
        ["id", "version", "committee_id", "department_id", "source", "year", "serial", "type_id", "text", "found_on",
         "stage"],
        findings,
    )  # fmt: skip


def ready() -> None:
    """Columns that are not filled get a default that fits; foreign keys and checks are not this bench's matter."""
    filler = {"boolean": "false", "uuid": "gen_random_uuid()", "timestamp with time zone": "now()", "jsonb": "'{}'",
              "text": "''", "character varying": "''", "date": "'2020-01-01'"}  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype IN ('f', 'c', 'x') "
            "AND conrelid::regclass::text ~ '^(roster|sessions)' AND conparentid = 0"
        )
        for table, name in cursor.fetchall():
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT IF EXISTS "{name}"')
        cursor.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public' "
            "AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO' AND table_name ~ '^(roster|sessions)'"
        )
        for table, column, kind in cursor.fetchall():
            value = filler.get(kind, "0" if kind in ("integer", "bigint", "smallint", "numeric") else "")
            if column in ("state",):
                value = "'ACCEPTED'"
            if value:
                cursor.execute(f'ALTER TABLE {table} ALTER COLUMN "{column}" SET DEFAULT {value}')


def fill(times: int) -> int:
    texts = 0
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE sessions_app_problemtype CASCADE")
        for table, columns, rows in rows_of(times):
            begun = time.perf_counter()
            names = ", ".join(f'"{name}"' for name in columns)
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            texts += len(rows) if table.endswith(("section", "speech", "minutes")) else 0
            print(f"    {table:32} {len(rows):9} rows {time.perf_counter() - begun:7.1f} s", flush=True)
        cursor.execute("ANALYZE")
        cursor.execute("VACUUM")
    return texts


def best(call: Callable[[], object]) -> float:
    """Milliseconds, the best of three."""
    times = []
    for _ in range(3):
        begun = time.perf_counter()
        call()
        times.append((time.perf_counter() - begun) * 1000)
    return min(times)


def asker(paths: set[str], own: set[int]) -> SimpleNamespace:
    reach = UserReach(frozenset(paths), frozenset(own), frozenset(), 1)
    return SimpleNamespace(reach=lambda permission: reach, pk=1, today=date(2026, 11, 20), person_id=1)


def everything(user: SimpleNamespace, word: str) -> int:
    asked = question(word)
    assert not asked.problem, word
    return sum(
        find(source, user, asked, year=None, begin=0, size=3, most=COUNTED + 1).counted  # type: ignore[arg-type]
        for source in SOURCES
    )


LIKED = (("minutessection", "text"), ("speech", "text"), ("minutes", "discussion"), ("studysession", "topic"))


def liked(word: str) -> None:
    with connection.cursor() as cursor:
        for table, column in LIKED:
            cursor.execute(
                f"SELECT id FROM sessions_app_{table} WHERE {column} LIKE %s ORDER BY id DESC LIMIT 100",  # noqa: S608
                [f"%{word}%"],
            )
            cursor.fetchall()


def bare() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM sessions_app_minutessection WHERE id = 12345")
        cursor.fetchall()


def main(times: int) -> None:
    settings = connection.settings_dict
    home = settings["NAME"]
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {SCRATCH}")
        cursor.execute(f"CREATE DATABASE {SCRATCH}")
    connections.close_all()
    settings["NAME"] = SCRATCH
    try:
        call_command("migrate", verbosity=0)
        ready()
        begun = time.perf_counter()
        texts = fill(times)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_size_pretty(sum(pg_relation_size(oid))) FROM pg_class WHERE relname LIKE 'search\\_%%'"
            )
            size = cursor.fetchone()[0]
        print(f"{texts} texts, filled and indexed in {time.perf_counter() - begun:.0f} s, indexes {size}")
        base = best(bare)
        print(f"one row by its key {base:.2f} ms")
        city, county, own = asker({"0000001/"}, set()), asker({"0000001/0000002/"}, set()), asker(set(), {60})
        print(f"{'':34} {'hits':>6} {'ms':>8} {'LIKE':>9} {'ratio':>7} {'to the bare':>12}")
        for said in (
            RARE,
            "中央八项规定精神",
            "学习",
            "新质生产力 三条对策建议",
            "第13支部",
            "养老服务体系 37号楼",
            "查无此词",
        ):
            word = said.split(maxsplit=1)[0]
            against = best(lambda word=word: liked(word))  # type: ignore[misc]
            for label, user in (("city", city), ("county", county), ("own", own)):
                hits = everything(user, said)
                spent = best(lambda user=user, said=said: everything(user, said))  # type: ignore[misc]
                print(f"{said + ' ' + label:30} {hits:6} {spent:8.1f} {against:9.1f} {spent / against:7.2f} {spent / base:12.0f}", flush=True)  # fmt: skip
        if os.environ.get("BENCH_WAIT"):
            input()
    finally:
        connections.close_all()
        settings["NAME"] = home
        if not os.environ.get("BENCH_KEEP"):
            with connection.cursor() as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS {SCRATCH}")


if __name__ == "__main__":
    main(int((sys.argv[1:] or ["1"])[0]))
