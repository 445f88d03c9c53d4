"""The menu as data: what may be shown to whom, in which order. ``o2c/menu.py`` fills it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.module_loading import import_string

Allowed = Callable[[Any, Any], bool]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the menu.

    :ivar key: name that a page gives as ``menu`` to be shown as the current place
    :ivar url_name: view to open; an entry whose view does not exist is left out
    :ivar permission: code asked of ``user.may(code, company)``, or a function of (user, company); None for all
    :ivar go: letter that opens it after ``g``
    :ivar waits: its count means work waiting for the reader (amber), else it informs (grey)
    :ivar phone: short word in the bottom bar of the phone; empty when it is not there
    :ivar order: place per role code, smaller first; a role not named keeps the place in the list
    """

    key: str
    label: str | Promise
    icon: str
    url_name: str
    permission: str | tuple[str, ...] | Allowed | None = None
    go: str = ""
    waits: bool = False
    phone: str | Promise = ""
    order: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Entries under a heading; the first group has none."""

    label: str | Promise
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Menu:
    """All groups. ``counts`` is the dotted path of a function (user, company) → {entry key: number}."""

    groups: tuple[Group, ...]
    counts: str = ""


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """An entry as one reader sees it."""

    key: str
    label: str | Promise
    icon: str
    url: str
    go: str
    waits: bool
    phone: str | Promise
    count: int
    current: bool


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """A group as one reader sees it; never empty."""

    label: str | Promise
    entries: tuple[ShownEntry, ...]


@cache
def configured_menu() -> Menu:
    """Return the menu that the setting ``PORTAL_MENU`` names (``o2c.menu.MENU`` when it is not set)."""
    menu = import_string(getattr(settings, "PORTAL_MENU", "o2c.menu.MENU"))
    if not isinstance(menu, Menu):
        raise TypeError("PORTAL_MENU must name an o2c.shared.menu.Menu.")
    return menu


def url_or_nothing(name: str) -> str:
    """Return the address of a view, or an empty text when this installation has none of that name."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def counts_for(menu: Menu, user: Any, company: Any) -> Mapping[str, int]:
    """Return the figures beside the entries, as the menu's own function gives them."""
    return import_string(menu.counts)(user, company) if menu.counts else {}


def shown_menu(
    menu: Menu,
    *,
    user: Any,
    company: Any,
    current: str = "",
    roles: Sequence[str] = (),
    counts: Mapping[str, int] | None = None,
) -> tuple[ShownGroup, ...]:
    """Return what this reader sees: entries that exist and that they may open, groups that hold any."""
    figures = counts or {}
    groups = []
    for group in menu.groups:
        entries = []
        for position, entry in enumerate(group.entries):
            url = url_or_nothing(entry.url_name)
            if not url or not _may_open(entry, user, company):
                continue
            place = min(
                ((entry.order or {}).get(role, 100 + position) for role in roles), default=100 + position
            )
            shown = ShownEntry(
                key=entry.key,
                label=entry.label,
                icon=entry.icon,
                url=url,
                go=entry.go,
                waits=entry.waits,
                phone=entry.phone,
                count=figures.get(entry.key, 0),
                current=bool(current) and entry.key == current,
            )
            entries.append((place, shown))
        if entries:
            ordered = tuple(entry for _place, entry in sorted(entries, key=lambda pair: pair[0]))
            groups.append(ShownGroup(label=group.label, entries=ordered))
    return tuple(groups)


def _may_open(entry: Entry, user: Any, company: Any) -> bool:
    if entry.permission is None:
        return True
    if callable(entry.permission):
        return entry.permission(user, company)
    codes = (entry.permission,) if isinstance(entry.permission, str) else entry.permission
    return any(user.may(code, company) for code in codes)
