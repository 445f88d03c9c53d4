"""Addresses of clients; ``<code>`` is looked for in the company at work first."""

from __future__ import annotations

from django.urls import path

from .views import circuit, edit, lists, page, team

app_name = "accounts"

urlpatterns = [
    path("", lists.ClientList.as_view(), name="list"),
    path("new/", edit.NewClient.as_view(), name="new"),
    path("check/", edit.CheckField.as_view(), name="check"),
    path("search/", lists.ClientOptions.as_view(), name="search"),
    path("<str:code>/", page.ClientPage.as_view(), name="detail"),
    path("<str:code>/circuit/", circuit.Circuit.as_view(), name="circuit"),
    path("<str:code>/team/", team.Team.as_view(), name="team"),
    path("<str:code>/team/<int:pk>/end/", team.EndMember.as_view(), name="end_member"),
    path("<str:code>/part/<slug:name>/", page.ClientPart.as_view(), name="part"),
]
