"""Addresses of the pages around all others; their names stand alone because every page links to them."""

from __future__ import annotations

from django.urls import path

from .views import desk, home, journal, search

urlpatterns = [
    path("", home.Home.as_view(), name="home"),
    path("search/", search.Search.as_view(), name="search"),
    path("journal/", journal.Journal.as_view(), name="journal"),
    path("notifications/", desk.Notices.as_view(), name="notifications"),
    path("notifications/<int:pk>/", desk.OpenNotice.as_view(), name="notification"),
    path("work/", desk.Jobs.as_view(), name="jobs"),
    path("work/<int:pk>/", desk.Job.as_view(), name="job"),
    path("company/", desk.ChooseCompany.as_view(), name="choose_company"),
    path("language/", desk.SetLanguage.as_view(), name="set_language"),
]
