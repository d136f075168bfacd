"""Addresses of this room."""

from django.urls import include, path

from sessions_app.papers import views

urlpatterns = [
    path("papers/", views.paper_list, name="paper_list"),
    path("papers/<int:pk>/", views.paper, name="paper"),
    path("papers/<int:pk>/download/", views.paper_download, name="paper_download"),
    path("papers/<int:pk>/facts.json", views.paper_facts, name="paper_facts"),
    path("papers/<int:pk>/verify/", views.paper_verify, name="paper_verify"),
    path("papers/<int:pk>/errata/", views.erratum_new, name="erratum_new"),
    path("papers/annual/", views.paper_annual_choose, name="paper_annual_choose"),
    path("papers/annual/<int:pk>/", views.paper_annual, name="paper_annual"),
    path("papers/print/<slug:kind>/<int:pk>/", views.paper_print, name="paper_print"),
    path("", include("sessions_app.papers.word_urls")),
    path("", include("sessions_app.papers.volume_urls")),
    path("papers/issue/<slug:kind>/<int:pk>/", views.paper_issue, name="paper_issue"),
]
