"""Addresses of this room."""

from django.urls import path

from roster.accounts import acting_views, draft_views, views

urlpatterns = [
    path("accounts/", views.account_list, name="account_list"),
    path("accounts/new/", views.account_new, name="account_new"),
    path("accounts/pick/", views.account_pick, name="account_pick"),
    path("accounts/<int:pk>/", views.account, name="account"),
    path("accounts/<int:pk>/reset/", views.account_reset, name="account_reset"),
    path("accounts/<int:pk>/reset/ask/", views.reset_ask, name="reset_ask"),
    path("resets/", views.reset_list, name="reset_list"),
    path("resets/<int:pk>/agree/", views.reset_agree, name="reset_agree"),
    path("resets/<int:pk>/refuse/", views.reset_refuse, name="reset_refuse"),
    path("accounts/<int:pk>/disable/", views.account_disable, name="account_disable"),
    path("accounts/<int:pk>/enable/", views.account_enable, name="account_enable"),
    path("grants/", views.grant_list, name="grant_list"),
    path("grants/new/", views.grant_new, name="grant_new"),
    path("grants/<int:pk>/end/", views.grant_end, name="grant_end"),
    path("committees/<int:pk>/acting/new/", acting_views.acting_new, name="acting_new"),
    path("acting/<int:pk>/end/", acting_views.acting_end, name="acting_end"),
    path("account/role/", views.switch_role, name="switch_role"),
    path("account/keep-alive/", views.keep_alive, name="keep_alive"),
    path("drafts/", draft_views.draft_list, name="draft_list"),
    path("drafts/keep/", draft_views.draft_keep, name="draft_keep"),
    path("drafts/drop/", draft_views.draft_drop, name="draft_drop"),
    path("account/profile/", views.profile, name="profile"),
]
