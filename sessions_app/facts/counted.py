"""Which rows a figure counts: the querysets that figures, tables and drill lists share, so that they cannot differ."""

from datetime import date
from typing import Any

from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet

from roster.committees.models import Committee
from roster.people.models import Membership, StudySecretary
from sessions_app.corrections.models import Correction, CorrectionStage
from sessions_app.facts.periods import Span
from sessions_app.facts.scope import Scope
from sessions_app.findings.models import UNDER_WAY, Finding, FindingStage
from sessions_app.outcomes.models import Outcome, OutcomeKind
from sessions_app.plans.models import PlanItem, StudyPlan
from sessions_app.sessions.models import COUNTED_FORMS, TOOK_PLACE, Participation, ParticipationState, Speech
from sessions_app.visits.models import ObservationVisit

Rows = QuerySet[Any]


def committees(scope: Scope, span: Span) -> Rows:
    """Active on any day of the period."""
    return Committee.objects.filter(scope.where("")).active_in(span.first, span.last).order_by()


def memberships(scope: Scope, span: Span) -> Rows:
    """Valid on any day of the period; `members` counts their distinct people."""
    return Membership.objects.filter(scope.where("committee")).during(span.first, span.last).order_by()


def secretaryships(scope: Scope, span: Span) -> Rows:
    """Valid on any day of the period; `secretaries` counts their distinct people."""
    return StudySecretary.objects.filter(scope.where("committee")).during(span.first, span.last).order_by()


def participations(scope: Scope, span: Span) -> Rows:
    """Committee-sessions: accepted, held or archived, no 第一议题, the session's first day in the period."""
    rows = Participation.objects.counted().filter(scope.where("committee"), day__range=(span.first, span.last))
    return rows.order_by()


def at_participations(rows: Rows, scope: Scope, span: Span) -> Rows:
    """Rows that hang on a committee-session, narrowed to the ones `participations` counts.

    By joins and not by a subquery: where nothing is analysed yet, PostgreSQL has walked the subquery once a row.
    """
    return rows.filter(
        scope.where("participation__committee"),
        participation__state=ParticipationState.ACCEPTED,
        participation__study_session__stage__in=TOOK_PLACE,
        participation__study_session__form__in=COUNTED_FORMS,
        participation__day__range=(span.first, span.last),
    ).order_by()


def speeches(scope: Scope, span: Span) -> Rows:
    """Every speech entered at a committee-session that counts, for the committee it was given for."""
    return at_participations(Speech.objects.all(), scope, span)


def plan_items(scope: Scope, span: Span) -> Rows:
    """Items of the editions in force; a quarter holds the items of its quarter, a month those of its month."""
    in_force = StudyPlan.objects.in_force().filter(scope.where("committee"), year=span.year).order_by()
    rows = PlanItem.objects.filter(plan__in=in_force)
    if span.month:
        rows = rows.filter(month=span.month)
    elif span.quarter:
        rows = rows.filter(quarter=span.quarter)
    return rows.order_by()


def closing_participations() -> Rows:
    """Those that close the plan item of the outer query: same committee and year, same serial, any edition."""
    # A participation's plan item is its own committee's (guarded where it is set). Asked for once more here, PostgreSQL
    # takes the two conditions for independent, expects five rows where a province has half a million, and walks.
    return Participation.objects.counted().filter(
        plan_item__serial=OuterRef("serial"), plan_item__plan__committee_id=OuterRef("plan__committee_id"),
        plan_item__plan__year=OuterRef("plan__year"),
    ).order_by()  # fmt: skip


def completed_items(scope: Scope, span: Span) -> Rows:
    """Items of the period which a session held, whenever, has closed; of a period cut off, by its last day."""
    closing = closing_participations().filter(plan_item__plan__year=span.year)
    if span.is_cut:
        closing = closing.filter(day__lte=span.last)
    return plan_items(scope, span).filter(Exists(closing))


def outcomes(scope: Scope, span: Span) -> Rows:
    """Dated in the period and not withdrawn."""
    rows = Outcome.objects.filter(scope.where("committee"), is_withdrawn=False, day__range=(span.first, span.last))
    return rows.order_by()


def policies(scope: Scope, span: Span) -> Rows:
    """Policy papers of the period that derive, directly, from a proposal; neither of the two withdrawn."""
    return outcomes(scope, span).filter(
        kind=OutcomeKind.POLICY, derived_from__kind=OutcomeKind.PROPOSAL, derived_from__is_withdrawn=False
    )


def corrections(scope: Scope, span: Span) -> Rows:
    """Agreed, counted in the period in which they took effect: an issued paper keeps its figure (scenario 8)."""
    return Correction.objects.filter(
        scope.where("committee"), stage=CorrectionStage.AGREED, applied_on__range=(span.first, span.last)
    ).order_by()


def visits(scope: Scope, span: Span) -> Rows:
    """Visits of the scope's committees that were sat in, by the day of sitting in, whoever runs the round."""
    rows = ObservationVisit.objects.sat_in().filter(
        scope.where("committee"), observed_on__range=(span.first, span.last)
    )
    return rows.order_by()


def committees_visited(scope: Scope, span: Span) -> Rows:
    return Committee.objects.filter(Exists(visits(scope, span).filter(committee_id=OuterRef("pk")))).order_by()


def findings(scope: Scope, span: Span) -> Rows:
    """Confirmed findings of the scope's committees, by the day they were found, whichever department they belong to."""
    rows = Finding.objects.counted().filter(scope.where("committee"), found_on__range=(span.first, span.last))
    return rows.order_by()


def findings_closed(scope: Scope, span: Span) -> Rows:
    """Of those found in the period the ones closed, whenever: closed of found is the rate."""
    return findings(scope, span).filter(closed(span))


def findings_overdue(scope: Scope, span: Span, today: date | None = None) -> Rows:
    """Of those found in the period the ones under way whose date has passed on the day that may be judged."""
    return findings(scope, span).filter(overdue(span.until(today)))


CLOSED = Q(stage=FindingStage.CLOSED)


def closed(span: Span) -> Q:
    """Closed, whenever; of a period cut off, by its last day."""
    return CLOSED & Q(closed_on__lte=span.last) if span.is_cut else CLOSED


def overdue(day: date) -> Q:
    """Under way, and the date was before `day`."""
    return Q(stage__in=UNDER_WAY, due_on__lt=day)


LATE = Q(study_session__late_days__gt=0)
LATE_FLAG = ExpressionWrapper(LATE, output_field=BooleanField())
