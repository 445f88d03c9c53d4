"""Addresses of the imports."""

from __future__ import annotations

from django.urls import path

from .views import mappings, runs

app_name = "imports"

urlpatterns = [
    path("", runs.RunList.as_view(), name="list"),
    path("new/", runs.new, name="new"),
    path("sample/<slug:kind>/", runs.sample, name="sample"),
    path("mappings/", mappings.MappingList.as_view(), name="mappings"),
    path("mappings/<int:key>/", mappings.of_saved, name="saved_mapping"),
    path("mappings/<int:key>/drop/", mappings.drop, name="drop_mapping"),
    path("<int:key>/", runs.detail, name="detail"),
    path("<int:key>/mapping/", mappings.of_run, name="mapping"),
    path("<int:key>/confirm/", runs.confirm, name="confirm"),
    path("<int:key>/refused/", runs.refused, name="refused"),
    path("<int:key>/progress/", runs.progress, name="progress"),
]
