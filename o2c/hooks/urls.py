"""Addresses of the pages about webhooks."""

from __future__ import annotations

from django.urls import path

from . import views

app_name = "hooks"

urlpatterns = [
    path("", views.List.as_view(), name="list"),
    path("new/", views.New.as_view(), name="new"),
    path("<int:pk>/", views.Detail.as_view(), name="detail"),
    path("<int:pk>/edit/", views.Edit.as_view(), name="edit"),
    path("<int:pk>/secret/", views.Secret.as_view(), name="secret"),
    path("<int:pk>/end/", views.End.as_view(), name="end"),
    path("<int:pk>/deliveries/<int:delivery>/replay/", views.Replay.as_view(), name="replay"),
]
