"""Addresses of the imports."""

from __future__ import annotations

from django.urls import path

from . import views

app_name = "imports"

urlpatterns = [
    path("", views.RunList.as_view(), name="list"),
    path("new/", views.new, name="new"),
    path("<int:key>/", views.detail, name="detail"),
    path("<int:key>/confirm/", views.confirm, name="confirm"),
    path("<int:key>/refused/", views.refused, name="refused"),
    path("<int:key>/progress/", views.progress, name="progress"),
]
