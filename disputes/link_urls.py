"""Addresses of a dispute that a link opens: no sign-in, the token opens them."""

from __future__ import annotations

from django.urls import path

from .views import case_link

app_name = "case_link"

urlpatterns = [
    path("<str:token>/", case_link.page, name="page"),
    path("<str:token>/evidence/<int:key>/", case_link.evidence, name="evidence"),
    path("<str:token>/accept/", case_link.accept, name="accept"),
    path("<str:token>/answer/", case_link.answer, name="answer"),
    path("<str:token>/propose/", case_link.propose, name="propose"),
]
