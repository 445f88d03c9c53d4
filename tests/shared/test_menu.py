"""The menu shows what exists and what the reader may open, in the order of the role."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpResponse
from django.urls import path

from o2c.menu import MENU
from o2c.roles import PERMISSIONS
from o2c.shared.menu import Entry, Group, Menu, counts_for, shown_menu, url_or_nothing

urlpatterns = [
    path(f"{name}/", lambda request: HttpResponse(), name=name)
    for name in ("home", "holds", "clients", "sell")
]


class Reader:
    """A user who may do what was given."""

    def __init__(self, *codes: str) -> None:
        self.codes = codes

    def may(self, code: str, company: Any = None) -> bool:
        return code in self.codes


SMALL = Menu(
    groups=(
        Group(
            "",
            (Entry("home", "Home", "home", "home"), Entry("holds", "Holds", "x", "holds", permission="see")),
        ),
        Group(
            "Clients",
            (
                Entry("clients", "Clients", "x", "clients", permission=("see", "edit")),
                Entry("sell", "Sell?", "x", "sell", order={"sales": 1}),
                Entry("gone", "Gone", "x", "no-such-view"),
            ),
        ),
        Group(
            "Nothing",
            (Entry("night", "Night", "x", "home", permission=lambda user, company: company == "X"),),
        ),
    ),
    counts=f"{__name__}.figures",
)


def figures(user: Any, company: Any) -> dict[str, int]:
    return {"holds": 7}


def keys(groups: Any) -> list[list[str]]:
    return [[entry.key for entry in group.entries] for group in groups]


@pytest.mark.urls(__name__)
def test_entries_without_view_or_right_are_left_out_with_their_empty_groups() -> None:
    assert keys(shown_menu(SMALL, user=Reader(), company="A")) == [["home"], ["sell"]]
    assert keys(shown_menu(SMALL, user=Reader("edit"), company="X")) == [
        ["home"],
        ["clients", "sell"],
        ["night"],
    ]


@pytest.mark.urls(__name__)
def test_a_role_may_have_its_own_order() -> None:
    groups = shown_menu(SMALL, user=Reader("see"), company="A", roles=["sales"])
    assert keys(groups) == [["home", "holds"], ["sell", "clients"]]


@pytest.mark.urls(__name__)
def test_counts_and_the_current_place() -> None:
    counts = counts_for(SMALL, Reader(), "A")
    groups = shown_menu(SMALL, user=Reader("see"), company="A", current="holds", counts=counts)
    home, holds = groups[0].entries
    assert (home.count, home.current) == (0, False)
    assert (holds.count, holds.current, holds.url) == (7, True, "/holds/")


@pytest.mark.urls(__name__)
def test_unknown_views_have_no_address() -> None:
    assert url_or_nothing("home") == "/home/"
    assert url_or_nothing("nowhere:list") == ""


def test_the_portals_menu_asks_only_for_permissions_that_exist() -> None:
    asked: set[str] = set()
    for group in MENU.groups:
        for entry in group.entries:
            if entry.permission is not None and not callable(entry.permission):
                asked |= {entry.permission} if isinstance(entry.permission, str) else set(entry.permission)
    assert asked <= PERMISSIONS


def test_letters_and_keys_are_used_once() -> None:
    entries = [entry for group in MENU.groups for entry in group.entries]
    letters = [entry.go for entry in entries if entry.go]
    assert len(letters) == len(set(letters))
    assert len({entry.key for entry in entries}) == len(entries)
    assert sum(1 for entry in entries if entry.phone) == 4
