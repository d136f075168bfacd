"""Addresses of this room: runs, their sheets, objections, and results from elsewhere."""

from django.urls import path

from sessions_app.assessment import other_views, run_views, sheet_views

urlpatterns = [
    path("assessment/", run_views.assessment_home, name="assessment_home"),
    path("assessment/new/", run_views.assessment_new, name="assessment_new"),
    path("assessment/<int:pk>/", run_views.assessment, name="assessment"),
    path("assessment/<int:pk>/move/", run_views.assessment_move, name="assessment_move"),
    path("assessment/<int:pk>/ranking/", run_views.ranking, name="ranking"),
    path("assessment/<int:pk>/export/", run_views.assessment_export, name="assessment_export"),
    path("assessment/sheets/<int:pk>/", sheet_views.sheet, name="sheet"),
    path("assessment/sheets/<int:pk>/self/", sheet_views.sheet_self, name="sheet_self"),
    path("assessment/sheets/<int:pk>/verify/", sheet_views.sheet_verify, name="sheet_verify"),
    path("assessment/sheets/<int:pk>/improve/", sheet_views.sheet_change, name="sheet_change"),
    path("assessment/sheets/<int:pk>/history/", sheet_views.sheet_history, name="sheet_history"),
    path("assessment/sheets/<int:pk>/objection/", sheet_views.objection_new, name="objection_new"),
    path("assessment/sheets/<int:pk>/bonus/", sheet_views.bonus_new, name="bonus_new"),
    path("assessment/bonus/<int:pk>/decide/", sheet_views.bonus_decide, name="bonus_decide"),
    path("assessment/objections/<int:pk>/", sheet_views.objection, name="objection"),
    path("assessment/others/", other_views.other_result_list, name="other_result_list"),
    path("assessment/others/new/", other_views.other_result_new, name="other_result_new"),
    path("assessment/others/paste/", other_views.other_result_paste, name="other_result_paste"),
    path("assessment/others/<int:pk>/", other_views.other_result, name="other_result"),
]
