"""What every page has around it: menu, companies, counts, theme, today."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.module_loading import import_string

from .menu import ShownEntry, ShownGroup, configured_menu, counts_for, shown_menu, url_or_nothing

_THEMES = {"light", "dark"}
_COMPANIES_SHOWN = 200
_FRAME_VIEWS = (
    "home",
    "search",
    "notifications",
    "jobs",
    "choose_company",
    "set_language",
    "substitutes",
    "mail_choices",
    "login",
    "logout",
)


def frame(request: HttpRequest) -> dict[str, Any]:
    """Return the variables of ``base.html``; what costs a query is asked for only when it is drawn.

    Pages name their place with the variable ``menu`` (key of an entry). Works for signed-out visitors and on
    error pages too, where parts of the request may be missing.
    """
    user = getattr(request, "user", None)
    signed_in = user is not None and user.is_authenticated
    company = getattr(request, "company", None)
    theme = request.COOKIES.get("theme", "")
    return {
        "frame": Frame(request, user if signed_in else None, company),
        "company": company,
        "theme": theme if theme in _THEMES else "auto",
        "keys_off": request.COOKIES.get("keys") == "off",
        "demo": bool(getattr(settings, "DEMO", False)),
        "demo_notice": import_string(settings.DEMO_NOTICE)() if settings.DEMO and signed_in else "",
        "now": timezone.localtime(),
        "today": timezone.localdate(),
    }


class Frame:
    """Menu and top bar for one request; every part is worked out on first use."""

    def __init__(self, request: HttpRequest, user: Any, company: Any) -> None:
        self.request, self.user, self.company = request, user, company

    @cached_property
    def counts(self) -> dict[str, int]:
        """Return the figures of the menu and the top bar, asked for once a request."""
        return dict(counts_for(configured_menu(), self.user, self.company)) if self.user else {}

    def groups(self, current: str) -> tuple[ShownGroup, ...]:
        """Return the menu with the entry ``current`` marked; empty for visitors."""
        if self.user is None:
            return ()
        return shown_menu(
            configured_menu(),
            user=self.user,
            company=self.company,
            current=current,
            roles=[role.code for role in self.user.roles_in(self.company)] if self.company else [],
            counts=self.counts,
        )

    def phone_bar(self, current: str) -> tuple[ShownEntry, ...]:
        """Return at most four entries for the bottom bar of the phone; the fifth place opens the menu."""
        entries = [entry for group in self.groups(current) for entry in group.entries if entry.phone]
        return tuple(entries[:4])

    @property
    def companies(self) -> list[Any]:
        """The companies the reader may work in; empty when there is no choice."""
        if self.user is None or self.company is None:
            return []
        allowed = self.user.company_ids()
        rows = type(self.company)._default_manager.order_by("name")
        found = list((rows if allowed is None else rows.filter(pk__in=allowed))[:_COMPANIES_SHOWN])
        return found if len(found) > 1 else []

    @property
    def urls(self) -> dict[str, str]:
        """Addresses of the frame's own views; empty where the installation has no such view."""
        return {name: url_or_nothing(name) for name in _FRAME_VIEWS}

    @property
    def notifications(self) -> int:
        """Number of unread notifications, from the menu's counts (key ``notifications``)."""
        return int(self.counts.get("notifications", 0))

    @property
    def running(self) -> int:
        """Number of running pieces of work the reader started (key ``jobs_running``)."""
        return int(self.counts.get("jobs_running", 0))
