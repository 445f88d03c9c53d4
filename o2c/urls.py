"""Addresses of the portal: pages per application, the API, sign-in, health."""

from __future__ import annotations

from importlib.util import find_spec

from django.contrib.auth import views as auth_views
from django.urls import URLPattern, URLResolver, include, path, re_path

from o2c import health
from o2c.shared.api.faults import NothingHere

handler500 = "o2c.shared.api.faults.server_error"

# Where the pages of each application stand; one without pages yet is left out.
_PAGES = {
    "o2c.home": "",
    "accounts": "clients/",
    "credit": "credit/",
    "orders": "orders/",
    "invoicing": "invoicing/",
    "disputes": "disputes/",
    "dunning": "collections/",
    "o2c.reports": "reports/",
    "o2c.imports": "imports/",
    "o2c.hooks": "webhooks/",
}


def _pages() -> list[URLPattern | URLResolver]:
    return [
        path(prefix, include(f"{application}.urls"))
        for application, prefix in _PAGES.items()
        if find_spec(f"{application}.urls") is not None
    ]


urlpatterns: list[URLPattern | URLResolver] = [
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("metrics", health.metrics, name="metrics"),
    path("api/v1/", include("o2c.api_urls")),
    re_path(r"^api/", NothingHere.as_view()),
    path("i18n/", include("django.conf.urls.i18n")),
    path("link/", include("dunning.link_urls")),
    path("case/", include("disputes.link_urls")),
    *_pages(),
    path("login/", auth_views.LoginView.as_view(), name="login"),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
]
