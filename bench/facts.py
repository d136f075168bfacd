"""Figures of a province: a scratch database filled by generate_series, each reader timed against the bare query.

    python bench/facts.py [COMMITTEES] [SESSIONS A COMMITTEE]      (default 40000 12: 480,000 committee-sessions)

Prints milliseconds, the best of three, and the ratio to `SELECT sum(present_marks) ... ` over the same rows. Makes a
database of its own beside the one in use and drops it at the end.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
os.environ["ZHIXING_DATABASE_POOL"] = "false"

import django

django.setup()

from django.core.management import call_command
from django.db import connection, connections

from roster.committees.models import Committee
from sessions_app.facts import tables
from sessions_app.facts.figures import by_month, for_committee, for_each, for_scope
from sessions_app.facts.periods import span
from sessions_app.facts.scope import subtree

SCRATCH = "zhixing_bench_facts"
YEAR = span(2026)

# One city, a county for every hundred committees, the rest below the counties; twelve members each.
FILL = """
INSERT INTO roster_committee (id, version, code, name, short_name, kind, level, level_order, by_reference, parent_id, path,
    sort_order, since, pinyin)
SELECT n, 1, 'B' || n, '单位' || n, '', 'PARTY_GROUP', CASE WHEN n = 1 THEN 'CITY' WHEN n <= {counties} THEN 'COUNTY'
    ELSE 'TOWNSHIP' END, CASE WHEN n = 1 THEN 0 WHEN n <= {counties} THEN 1 ELSE 2 END, false,
    CASE WHEN n = 1 THEN NULL WHEN n <= {counties} THEN 1 ELSE 2 + n % ({counties} - 1) END,
    CASE WHEN n = 1 THEN '0000001/' WHEN n <= {counties} THEN '0000001/' || lpad(n::text, 7, '0') || '/'
    ELSE '0000001/' || lpad((2 + n % ({counties} - 1))::text, 7, '0') || '/' || lpad(n::text, 7, '0') || '/' END,
    1000, '2020-01-01', ''
FROM generate_series(1, {committees}) n;
INSERT INTO roster_person (id, version, code, name, pinyin, phone, email)
SELECT n, 1, 'B' || n, '人' || n, '', '', '' FROM generate_series(1, {committees} * 12) n;
INSERT INTO roster_membership (version, committee_id, person_id, group_role, post, rank, primary_responsible, since, end_reason)
SELECT 1, 1 + (n - 1) / 12, n, 'MEMBER', '', n % 12, false, '2024-01-01', '' FROM generate_series(1, {committees} * 12) n;
INSERT INTO sessions_app_studyplan (id, version, committee_id, year, edition, stage, aim, requirements, amend_reason,
    return_note, approving_meeting, approved_on, filed_on)
SELECT n, 1, n, 2026, 1, 'FILED', '', '', '', '', '党组会', '2026-01-10', '2026-01-20'
FROM generate_series(1, {committees}) n;
INSERT INTO sessions_app_planitem (id, plan_id, serial, quarter, month, topic, category, mode, materials, speakers, chair,
    department, research_topic, expected_outcome, note)
SELECT n, 1 + (n - 1) / 12, 1 + (n - 1) % 12, 1 + (n - 1) % 12 / 3, 1 + (n - 1) % 12, '专题', 1 + n % 9, '', '', '', '',
    '', '', '', '' FROM generate_series(1, {committees} * 12) n;
INSERT INTO sessions_app_studysession (id, version, committee_id, day, topic, form, mode, category, place, contact,
    self_study, leave_rule, is_expanded, is_joint, stage, return_note, cancel_reason, late_days, late_reason, entered_at,
    typed_fields, carried_fields)
SELECT n, 1, 1 + (n - 1) / {sessions}, date '2026-01-01' + (n * 7 % 365), '主题', 'GROUP_STUDY',
    (ARRAY['LEADER_LED','DISCUSSION','FIELD','TEACH_BACK','ON_SITE','HYBRID'])[1 + n % 6], 1 + n % 9, '', '', '', '',
    false, false, CASE WHEN n % 20 = 0 THEN 'PREPARING' ELSE 'ARCHIVED' END, '', '', 0, '', now(), 0, 0
FROM generate_series(1, {committees} * {sessions}) n;
INSERT INTO sessions_app_participation (version, study_session_id, committee_id, is_host, state, year, number, day,
    plan_item_id, part_count, days, expected_marks, present_marks, video_marks, leave_marks, absent_marks, unmarked_marks,
    made_up_marks)
SELECT 1, s.id, s.committee_id, true, 'ACCEPTED', 2026, 1 + (s.id - 1) % {sessions}, s.day,
    CASE WHEN (s.id - 1) % {sessions} < 12 THEN (s.committee_id - 1) * 12 + 1 + (s.id - 1) % {sessions} END,
    1 + (s.id % 10 = 0)::int, 1, 12 * p, (12 - s.id % 3) * p, 0, s.id % 3 * p, 0, 0, s.id % 2
FROM sessions_app_studysession s, LATERAL (SELECT 1 + (s.id % 10 = 0)::int AS p) parts;
ANALYZE;
"""

BARE = (
    "SELECT sum(present_marks), sum(expected_marks) FROM sessions_app_participation "
    "WHERE day BETWEEN '2026-01-01' AND '2026-12-31'"
)


def once(call: Callable[[], object]) -> float:
    """Milliseconds."""
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000


def best(call: Callable[[], object]) -> float:
    """Milliseconds, the best of three."""
    return min(once(call) for _ in range(3))


def bare() -> None:
    with connection.cursor() as cursor:
        cursor.execute(BARE)
        cursor.fetchall()


def give_defaults() -> None:
    """FILL names only the columns that matter: the others of the scratch tables get a default that fits."""
    filler = {"boolean": "false", "uuid": "gen_random_uuid()", "timestamp with time zone": "now()", "jsonb": "'{}'"}
    text = {"character varying": "md5(random()::text)", "text": "''"}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public' "
            "AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO' AND table_name ~ '^(roster|sessions)'"
        )
        for table, column, kind in cursor.fetchall():
            value = {**filler, **text}.get(kind, "0" if kind in ("integer", "bigint", "smallint", "numeric") else "")
            if value:
                cursor.execute(f'ALTER TABLE {table} ALTER COLUMN "{column}" SET DEFAULT {value}')


def main(committees: int, sessions: int) -> None:
    settings = connection.settings_dict
    home = settings["NAME"]
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {SCRATCH}")
        cursor.execute(f"CREATE DATABASE {SCRATCH}")
    connections.close_all()
    settings["NAME"] = SCRATCH
    try:
        call_command("migrate", verbosity=0)
        give_defaults()
        counties = max(2, committees // 100)
        with connection.cursor() as cursor:
            sql = FILL.format(committees=committees, sessions=sessions, counties=counties)
            begun = time.perf_counter()
            cursor.execute(sql)
        print(
            f"{committees} committees, {committees * sessions} sessions, filled in {time.perf_counter() - begun:.0f} s"
        )
        county = Committee.objects.get(pk=2)
        pages = Committee.objects.under(county).in_order()
        base = best(bare)
        print(f"{'bare sum over participations':44} {base:9.1f} ms      1.0")
        for label, call in (
            ("for_scope, everything", lambda: for_scope("", YEAR)),
            ("for_scope, a county of about 100", lambda: for_scope(county.path, YEAR)),
            ("for_scope, everything, one month", lambda: for_scope("", span(2026, month=5))),
            ("for_committee", lambda: for_committee(500, YEAR)),
            ("for_each, a county", lambda: for_each(pages, YEAR)),
            ("for_each, everything", lambda: for_each(Committee.objects.all(), YEAR)),
            ("by_month, a county", lambda: by_month(pages, 2026)),
            ("quarters, everything", lambda: tables.quarters(subtree(""), YEAR)),
        ):
            spent = best(call)
            print(f"{label:44} {spent:9.1f} ms {spent / base:8.1f}")
    finally:
        connections.close_all()
        settings["NAME"] = home
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {SCRATCH}")


if __name__ == "__main__":
    main(*(int(word) for word in (sys.argv[1:] or ("40000", "12"))))
