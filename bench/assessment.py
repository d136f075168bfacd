"""A run of an assessment, reckoned for 115 and for 2,000 committees, against the bare queries for their figures.

    python bench/assessment.py [SIZE ...]      (default 115 2000; 40000 shows the measures of a province)

Prints milliseconds, the best of three, and ratios: to `figures.for_each` over the same committees, and for computing also
to the measures it starts from. Makes a database of its own beside the one in use and drops it at the end.
"""

import sys
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from django.core.management import call_command
from django.db import connection, connections

from bench import facts as ground  # sets up Django
from roster.audit.actions import SystemActor
from roster.committees.models import Committee
from sessions_app.assessment import run_actions, specs
from sessions_app.assessment.models import Assessment, Indicator, Scheme, SchemeItem, SheetEdition
from sessions_app.facts import appraisal, figures
from sessions_app.facts.periods import span

SCRATCH = "zhixing_bench_assessment"
YEAR = 2026
END = date(YEAR, 12, 31)
AT = datetime(2027, 1, 4, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
BY = SystemActor("测速")
LARGEST_RUN = 5000  # beyond it only the measures are timed: no department weighs a whole province at once
MORE = """
INSERT INTO sessions_app_minutes (version, study_session_id, stage, discussion, summary, submitted_at, approval_note, return_note)
SELECT 1, id, 'SUBMITTED', '', '', day + interval '1 day' * (id % 12), '', '' FROM sessions_app_studysession WHERE id % 8 > 0;
UPDATE sessions_app_studysession SET archived_at = day + interval '20 days' WHERE stage = 'ARCHIVED' AND id % 9 > 0;
INSERT INTO sessions_app_speech (version, participation_id, speaker_id, "order", kind, title, text, link_to_work, proposal,
    stage, edition, review_note)
SELECT 1, p.id, (p.committee_id - 1) * 12 + 1 + k * (p.id % 6), k, 'KEYNOTE', 'T' || k, '', '', '', 'APPROVED', 1, ''
FROM sessions_app_participation p, generate_series(1, 2) k;
INSERT INTO sessions_app_outcome (version, code, committee_id, day, kind, title, authors, document_number, stage, adoption,
    withdrawn_reason, is_withdrawn, entered_at)
SELECT 1, 'B' || c.id || '-' || k, c.id, date '2026-03-01' + k * 30, (ARRAY['ARTICLE','RESEARCH_REPORT','PROPOSAL'])[k], 'T',
    '人' || ((c.id - 1) * 12 + k), '', 'REGISTERED', '', '', false, now()
FROM roster_committee c, generate_series(1, 3) k;
ANALYZE;
"""


def scheme() -> Scheme:
    """The six indicators, in force from the first day."""
    content = specs.example("default")
    row = Scheme.objects.create(
        committee_id=1, year=YEAR, title=content["title"], weight=10, bonus_cap=3, bands=content["bands"],
        effective_from=date(YEAR, 1, 1), stage="PUBLISHED", published_at=AT,
    )  # fmt: skip
    for order, one in enumerate(content["indicators"], start=1):
        indicator = Indicator.objects.create(scheme=row, order=order, name=one["name"], weight=one["weight"])
        for place, item in enumerate(one["items"], start=1):
            SchemeItem.objects.create(
                indicator=indicator, order=place, name=item["name"], max=item["max"], primitive=item["primitive"],
                params=item["params"],
            )  # fmt: skip
    return row


def measured(size: int) -> None:
    connections.close_all()
    with connection.cursor() as cursor:
        cursor.execute(ground.FILL.format(committees=size, sessions=12, counties=max(2, size // 100)) + MORE)
    everything = Committee.objects.all()
    bare = ground.best(lambda: figures.for_each(everything, span(YEAR), today=END))
    measures = ground.best(lambda: appraisal.for_each(everything, YEAR, as_of=END))
    print(f"{size} committees, {size * 12} sessions")
    print(f"  {'figures.for_each (bare facts)':34} {bare:9.0f} ms      1.0")
    print(f"  {'appraisal.for_each (all measures)':34} {measures:9.0f} ms {measures / bare:8.1f}")
    if size > LARGEST_RUN:
        return
    scheme()
    run: Assessment = run_actions.open_assessment(Committee.objects.get(pk=1), year=YEAR, as_of=END, by=BY, at=AT)
    first = ground.once(lambda: run_actions.compute(run, by=BY, at=AT))
    again = ground.best(lambda: run_actions.compute(run, by=BY, at=AT))
    editions = SheetEdition.objects.count()
    for label, spent in (("compute, the first time", first), ("compute again, nothing changed", again)):
        print(f"  {label:34} {spent:9.0f} ms {spent / bare:8.1f}   {spent / measures:6.1f} x its measures")
    print(f"  {editions} editions of {size} sheets")


def main(sizes: list[int]) -> None:
    settings = connection.settings_dict
    home = settings["NAME"]
    try:
        for size in sizes:
            connections.close_all()
            settings["NAME"] = home
            with connection.cursor() as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS {SCRATCH}")
                cursor.execute(f"CREATE DATABASE {SCRATCH}")
            connections.close_all()
            settings["NAME"] = SCRATCH
            call_command("migrate", verbosity=0)
            ground.give_defaults()
            measured(size)
    finally:
        connections.close_all()
        settings["NAME"] = home
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {SCRATCH}")


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [115, 2000])
