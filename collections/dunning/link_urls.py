"""Addresses of the client's own page: no sign-in, the token opens them."""

from __future__ import annotations

from django.urls import path

from .views import client_page

app_name = "client_link"

urlpatterns = [
    path("<str:token>/", client_page.page, name="page"),
    path("<str:token>/statement/", client_page.statement, name="statement"),
    path("<str:token>/invoices/<int:key>/", client_page.invoice, name="invoice"),
    path("<str:token>/promise/", client_page.announce, name="promise"),
    path("<str:token>/dispute/", client_page.contest, name="dispute"),
]
