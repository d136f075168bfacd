"""Addresses of the other editions of papers, and of Word templates."""

from django.urls import path

from sessions_app.papers import word_views as views

urlpatterns = [
    path("papers/<int:pk>/files/<slug:format>/", views.paper_file, name="paper_file"),
    path("papers/check/", views.paper_check, name="paper_check"),
    path("papers/word/", views.word_template_list, name="word_template_list"),
    path("papers/word/<slug:kind>/", views.word_template, name="word_template"),
    path("papers/word/<slug:kind>/new/", views.word_template_new, name="word_template_new"),
    path("papers/word/<slug:kind>/built-in/", views.word_template_built_in, name="word_template_built_in"),
    path("papers/word/editions/<int:pk>/download/", views.word_template_download, name="word_template_download"),
    path("papers/word/editions/<int:pk>/withdraw/", views.word_template_withdraw, name="word_template_withdraw"),
]
