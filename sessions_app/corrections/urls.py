"""Addresses of corrections."""

from django.urls import path

from sessions_app.corrections import views

urlpatterns = [
    path("corrections/", views.correction_list, name="correction_list"),
    path("sessions/<int:pk>/corrections/new/", views.correction_new, name="correction_new"),
    path("committees/<int:pk>/corrections/membership/", views.correction_membership, name="correction_membership"),
    path("committees/<int:pk>/corrections/outcome/", views.correction_outcome, name="correction_outcome"),
    path("corrections/<int:pk>/", views.correction, name="correction"),
    path("corrections/<int:pk>/decide/", views.correction_decide, name="correction_decide"),
    path("corrections/<int:pk>/countersign/", views.correction_countersign, name="correction_countersign"),
]
