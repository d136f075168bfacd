"""What is due in a province: a scratch database filled by generate_series, `find` timed against the bare queries.

    python bench/reminders.py [COMMITTEES] [SESSIONS A COMMITTEE]      (default 40000 12: 480,000 sessions)

Prints seconds and the ratio to four bare queries over the same rows, then the whole run of `send_due` and a second run on
the same day, which has nothing new to tell. Makes a database of its own beside the one in use and drops it at the end.
"""

import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
os.environ["ZHIXING_DATABASE_POOL"] = "false"

import django

django.setup()

from django.core.management import call_command
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bench.facts import FILL, give_defaults
from roster.audit.actions import SHANGHAI, SystemActor
from sessions_app.reminders import actions, due

SCRATCH = "zhixing_bench_reminders"
DAY = date(2026, 11, 2)  # a Monday and the first working day of its month: every digest of the month goes out

# A leader and a secretary a committee; most have done most: one plan in 40 is not filed, one record in 30 not written,
# a tenth of the quarters stands empty, one make-up study in 20 is open, one prompt in 10 not received.
MORE = """
UPDATE roster_membership SET group_role = 'LEADER', rank = 1 WHERE rank = 1;
INSERT INTO roster_studysecretary (version, committee_id, person_id, since)
SELECT 1, n, n * 12, '2024-01-01' FROM generate_series(1, {committees}) n;
INSERT INTO roster_user (id, username, password, is_active, is_staff, is_superuser, first_name, last_name, email,
    date_joined, must_change_password, old_passwords, person_id)
SELECT n, 'b' || n, '', true, false, false, '', '', '', now(), false, '[]', n * 12 - 2 FROM generate_series(1, {counties}) n;
INSERT INTO roster_grant (version, user_id, role, committee_id, since)
SELECT 1, n, 'REVIEWER', n, '2024-01-01' FROM generate_series(1, {counties}) n;
INSERT INTO sessions_app_preference (version, person_id, rhythm, by_mail)
SELECT 1, n * 12, CASE WHEN n % 40 = 0 THEN 'DAILY' ELSE 'WEEKLY' END, true FROM generate_series(20, {committees}, 20) n;
INSERT INTO sessions_app_policyparameter (version, committee_id, key, value, since, source)
SELECT 1, n, key, '4', '2024-01-01', '' FROM generate_series(2, {counties}, 10) n,
    unnest(ARRAY['minutes_due_working_days', 'near_working_days', 'approval_wait_working_days']) key;
INSERT INTO sessions_app_policyparameter (version, committee_id, key, value, since, source)
SELECT 1, n, 'sessions_per_month', '1', '2024-01-01', '' FROM generate_series(3, {counties}, 10) n;
UPDATE sessions_app_studyplan SET stage = CASE WHEN id % 80 = 0 THEN 'SUBMITTED' ELSE 'DRAFT' END, filed_on = NULL,
    submitted_at = date '2026-02-01' WHERE id % 40 = 0;
UPDATE sessions_app_studysession SET day = day - 60 WHERE committee_id % 10 = 0 AND day >= '2026-10-01';
UPDATE sessions_app_participation p SET day = s.day FROM sessions_app_studysession s
    WHERE s.id = p.study_session_id AND p.day <> s.day;
UPDATE sessions_app_studysession SET stage = (ARRAY['PREPARING', 'SUBMITTED', 'APPROVED'])[1 + id % 3],
    submitted_at = date '{day}' - (id % 9)::int, approved_at = NULL WHERE day > '{day}' OR id % 20 = 0;
UPDATE sessions_app_studysession SET stage = 'HELD' WHERE stage = 'ARCHIVED' AND id % 15 = 0;
INSERT INTO sessions_app_minutes (version, study_session_id, stage, discussion, summary, submitted_at, approver_id,
    approved_at, approval_note, return_note)
SELECT 1, id, CASE WHEN id % 30 = 1 THEN 'DRAFT' WHEN id % 50 = 1 THEN 'SUBMITTED' ELSE 'APPROVED' END, '', '',
    CASE WHEN id % 30 <> 1 THEN day + 2 END, committee_id * 12 - 10, day + 3, '', ''
FROM sessions_app_studysession WHERE stage IN ('HELD', 'ARCHIVED') AND id % 30 <> 0;
INSERT INTO sessions_app_makeupstudy (version, participation_id, person_id, missed_marks, due_on, stage, done_on, method,
    content, reflection, confirmed_on, return_note)
SELECT 1, p.id, p.committee_id * 12 - 5, 1, p.day + 20, CASE WHEN p.id % 20 = 0 THEN 'DUE' ELSE 'CONFIRMED' END,
    CASE WHEN p.id % 20 <> 0 THEN p.day + 9 END, '', '', '', CASE WHEN p.id % 20 <> 0 THEN p.day + 10 END, ''
FROM sessions_app_participation p WHERE p.day <= '{day}' AND p.id % 2 = 0;
INSERT INTO sessions_app_leaverequest (version, participation_id, person_id, kind, reason, stage, asked_at, note,
    is_recorded_only)
SELECT 1, p.id, p.committee_id * 12 - 4, 'DUTY', '公务', CASE WHEN p.id % 3 = 0 THEN 'ASKED' ELSE 'AGREED' END,
    p.day - 5, '', false
FROM sessions_app_participation p WHERE p.id % 10 = 0;
INSERT INTO sessions_app_studyprompt (id, version, committee_id, year, quarter, title, focus, outcomes, consulted, stage,
    published_at) VALUES (1, 1, 1, 2026, 4, '第四季度学习提示', '', '', '{{}}', 'PUBLISHED', '2026-10-09 10:00+08');
INSERT INTO sessions_app_promptreceipt (prompt_id, committee_id, received_at)
SELECT 1, n, '2026-10-12 10:00+08' FROM generate_series(1, {committees}) n WHERE n % 10 <> 0;
ANALYZE;
"""
BARE = (
    "SELECT count(*) FROM roster_committee",
    "SELECT committee_id, count(*) FROM sessions_app_participation GROUP BY committee_id",
    "SELECT count(*) FROM sessions_app_studysession s LEFT JOIN sessions_app_minutes m ON m.study_session_id = s.id",
    "SELECT count(*) FROM sessions_app_makeupstudy u JOIN sessions_app_participation p ON p.id = u.participation_id",
)


def bare() -> None:
    with connection.cursor() as cursor:
        for sql in BARE:
            cursor.execute(sql)
            cursor.fetchall()


def timed(label: str, call: Callable[[], Any], base: float = 0) -> tuple[float, Any]:
    """Seconds and what came of it; the line is printed with the number of queries."""
    with CaptureQueriesContext(connection) as queries:
        begun = time.perf_counter()
        result = call()
        spent = time.perf_counter() - begun
    ratio = f"{spent / base:8.1f}" if base else "     1.0"
    print(f"{label:44} {spent:9.2f} s {ratio} {len(queries):6} queries", flush=True)
    return spent, result


def measure() -> None:
    base = min(timed("bare queries", bare)[0] for _ in range(2))
    _, world = timed("load", lambda: due.load(DAY), base)
    _, found = timed("find", lambda: due.find(world), base)
    print(
        f"{len(found)} due:", ", ".join(f"{kind} {number}" for kind, number in Counter(d.kind for d in found).items())
    )
    for finder in due.FINDERS:
        timed(f"  {finder.__name__}", lambda finder=finder: list(finder(due.load(DAY))), base)
    by = SystemActor("提醒")
    for label, day in (("first run", DAY), ("second run, same day", DAY), ("the day after", DAY + timedelta(days=1))):
        at = datetime(day.year, day.month, day.day, 8, tzinfo=SHANGHAI)
        _, told = timed(f"send_due, {label}", lambda at=at: actions.send_due(at=at, by=by), base)
        print(f"  found {told.found}, sent {told.sent}, skipped {told.skipped}, {told.by_rhythm}")
    print("load of the machine, 1 and 5 minutes: {:.1f} {:.1f}".format(*os.getloadavg()))


def main(committees: int, sessions: int) -> None:
    reverse("home")  # the first address asked for reads every view: that is no part of the finding
    settings = connection.settings_dict
    home = settings["NAME"]
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {SCRATCH}")
        cursor.execute(f"CREATE DATABASE {SCRATCH}")
    connections.close_all()
    settings["NAME"] = SCRATCH
    try:
        call_command("migrate", verbosity=0)
        call_command("seed_working_days", verbosity=0)
        give_defaults()
        counties = max(20, committees // 100)
        begun = time.perf_counter()
        with connection.cursor() as cursor:
            for sql in (FILL, MORE):
                cursor.execute(sql.format(committees=committees, sessions=sessions, counties=counties, day=DAY))
        print(f"{committees} committees, {committees * sessions} sessions, in {time.perf_counter() - begun:.0f} s")
        measure()
    finally:
        connections.close_all()
        settings["NAME"] = home
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {SCRATCH}")


if __name__ == "__main__":
    main(*(int(word) for word in (sys.argv[1:] or ("40000", "12"))))
