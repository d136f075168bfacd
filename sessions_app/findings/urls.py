"""Addresses of findings."""

from django.urls import path

from sessions_app.findings import move_views as move
from sessions_app.findings import views

urlpatterns = [
    path("findings/", views.finding_list, name="finding_list"),
    path("findings/board/", views.finding_board, name="finding_board"),
    path("findings/new/", views.finding_new, name="finding_new"),
    path("findings/types/", views.problem_type_list, name="problem_type_list"),
    path("findings/bulk/", move.findings_bulk, name="findings_bulk"),
    path("findings/<int:pk>/", views.finding, name="finding"),
    path("findings/<int:pk>/open/", views.finding_open, name="finding_open"),
    path("findings/<int:pk>/confirm/", move.finding_confirm, name="finding_confirm"),
    path("findings/<int:pk>/dismiss/", move.finding_dismiss, name="finding_dismiss"),
    path("findings/<int:pk>/plan/", move.finding_plan, name="finding_plan"),
    path("findings/<int:pk>/agree/", move.finding_agree, name="finding_agree"),
    path("findings/<int:pk>/progress/", move.finding_progress, name="finding_progress"),
    path("findings/<int:pk>/evidence/", move.evidence_new, name="evidence_new"),
    path("findings/evidence/<int:pk>/withdraw/", move.evidence_withdraw, name="evidence_withdraw"),
    path("findings/<int:pk>/submit/", move.finding_submit, name="finding_submit"),
    path("findings/<int:pk>/withdraw/", move.finding_withdraw, name="finding_withdraw"),
    path("findings/<int:pk>/return/", move.finding_return, name="finding_return"),
    path("findings/<int:pk>/close/", move.finding_close, name="finding_close"),
    path("findings/<int:pk>/keep-up/", move.finding_keep_up, name="finding_keep_up"),
    path("findings/<int:pk>/resume/", move.finding_resume, name="finding_resume"),
    path("findings/<int:pk>/reopen/", move.finding_reopen, name="finding_reopen"),
    path("findings/<int:pk>/extension/", move.extension_new, name="extension_new"),
    path("findings/extensions/<int:pk>/decide/", move.extension_decide, name="extension_decide"),
]
