"""What the health page shows beside the probes: the beat table with its switches, counts of work, the last rounds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from roster.audit.models import AuditEvent
from sessions_app.jobs.beat import BEAT, BeatRow
from sessions_app.jobs.models import BeatSwitch, Job, JobStage
from sessions_app.notices.models import Delivery, DeliveryStage
from sessions_app.reminders.models import Round


@dataclass(frozen=True)
class Line:
    """A line of the beat table as it stands. `turned`: who switched it last, if anybody did."""

    row: BeatRow
    is_on: bool
    version: int  # 0: nobody has switched it yet
    turned: AuditEvent | None

    @property
    def sentence(self) -> str:
        """What follows from pressing the button."""
        if self.is_on:
            return f"停用“{self.row.label}”：{self.row.stops}"
        return f"启用“{self.row.label}”：从下一次起按时运行，积压的接着做。"

    @property
    def switching(self) -> list[dict[str, str]]:
        """What the button sends."""
        return [{"name": "name", "value": self.row.name}, {"name": "is_on", "value": "0" if self.is_on else "1"}]


def beat_lines() -> list[Line]:
    """In two queries."""
    switches = {switch.name: switch for switch in BeatSwitch.objects.all()}
    turned: dict[int, AuditEvent] = {}
    for event in AuditEvent.objects.filter(
        subject_type=BeatSwitch._meta.model_name, subject_id__in=[switch.pk for switch in switches.values()]
    ).order_by("id"):
        turned[event.subject_id] = event
    found = []
    for row in BEAT:
        switch = switches.get(row.name)
        is_on = row.essential or switch is None or switch.is_on
        found.append(Line(row, is_on, switch.version if switch else 0, turned.get(switch.pk) if switch else None))
    return found


def job_counts(now: datetime) -> dict[str, int]:
    """Jobs running and waiting now, and failed since midnight."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return Job.objects.aggregate(
        running=Count("pk", filter=Q(stage=JobStage.RUNNING)),
        waiting=Count("pk", filter=Q(stage=JobStage.QUEUED)),
        failed=Count("pk", filter=Q(stage=JobStage.FAILED, finished_at__gte=midnight)),
    )


def under_way() -> int:
    """Deliveries that are not sent yet."""
    return Delivery.objects.filter(stage__in=[DeliveryStage.WAITING, DeliveryStage.SENDING]).count()


def last_rounds() -> list[Round]:
    """The latest of each rhythm, newest first."""
    latest = Round.objects.order_by("rhythm", "-done_at").distinct("rhythm")
    return sorted(latest, key=lambda one: one.done_at, reverse=True)
