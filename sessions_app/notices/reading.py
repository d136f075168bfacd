"""A person reads his own mail. That leaves a time on the notice and no event: nobody else's record is touched."""

from datetime import datetime

from sessions_app.notices.models import Notice


def mark_read(notice: Notice, *, at: datetime) -> None:
    """Once: the first time it was opened stays. No event, for reading one's own mail is nobody's business."""
    Notice.objects.filter(pk=notice.pk).unread().update(read_at=at)


def mark_all_read(person_id: int | None, *, at: datetime) -> int:
    """Everything in a person's inbox that was not read yet; how many that were."""
    return Notice.objects.of(person_id).unread().update(read_at=at)
