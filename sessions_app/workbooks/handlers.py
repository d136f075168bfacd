"""What a worker does for a large workbook: look at it, or import it. The run's own state says what is done."""

from django.core.exceptions import ObjectDoesNotExist

from roster.accounts.models import User
from roster.audit.actions import SHANGHAI
from roster.audit.moves import Refused
from sessions_app.jobs import work
from sessions_app.jobs.models import Job, JobStep
from sessions_app.workbooks import actions
from sessions_app.workbooks.models import ImportRun, ImportStage


def _for_whom(job: Job, step: JobStep) -> tuple[ImportRun, User]:
    try:
        run = ImportRun.objects.get(pk=step.arguments["run"])
    except ObjectDoesNotExist:
        raise Refused("这次导入已不存在。") from None
    if job.created_by is None:
        raise Refused("不知道是谁要求的导入，请重新上传。")
    return run, job.created_by.act(on=job.created_at.astimezone(SHANGHAI).date())


class Look:
    def step(self, job: Job, step: JobStep) -> work.Save | None:
        run, by = _for_whom(job, step)
        if run.stage in (ImportStage.UPLOADED, ImportStage.PREVIEWED, ImportStage.FAILED):
            actions.look(run, by=by, at=job.created_at)
        return None

    def finish(self, job: Job) -> None:
        return None


class TakeIn:
    def step(self, job: Job, step: JobStep) -> work.Save | None:
        """Runs 0 to n times, imports once: whoever comes second finds the run imported."""
        run, by = _for_whom(job, step)
        if run.stage == ImportStage.PREVIEWED:
            actions.take_in(run, by=by, at=job.created_at)
        return None

    def finish(self, job: Job) -> None:
        return None


def register() -> None:
    """Called by whoever works on jobs."""
    work.handlers[actions.LOOK_JOB] = Look()
    work.handlers[actions.IMPORT_JOB] = TakeIn()
