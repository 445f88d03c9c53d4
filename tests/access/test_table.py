"""The access table covers every address and permission, and its document says the same; no database needed."""

from __future__ import annotations

from accounts.api.base import CompanyViewSet
from o2c.roles import PERMISSIONS, ROLES
from o2c.shared.views import ListPage

from .addresses import addresses
from .document import PLACE, written
from .expected import ACCESS, ANYONE, EVERY_COMPANY, HELD, HOLDERS, OWN_PORTFOLIO, SIGNED_IN
from .expected import ROLES as EXPECTED_ROLES
from .lists import LISTS, OTHERS, by_class


def test_every_address_has_its_line():
    assert set(addresses()) - set(ACCESS) == set(), "see the head of tests/access/expected.py"


def test_no_line_is_about_an_address_that_is_gone():
    assert set(ACCESS) - set(addresses()) == set()


def test_roles_hold_what_the_table_says_and_nothing_else():
    held = {code: {name for name, role in ROLES.items() if code in role.permissions} for code in PERMISSIONS}
    assert held == {code: set(roles) for code, roles in HOLDERS.items()}
    assert set(ROLES) == set(EXPECTED_ROLES)


def test_roles_see_what_the_table_says():
    assert {code for code, role in ROLES.items() if not role.sees_all_accounts} == OWN_PORTFOLIO
    assert {code for code, role in ROLES.items() if role.sees_all_companies} == EVERY_COMPANY


def test_lines_name_permissions_that_exist():
    methods = ("get", "post", "put", "patch", "delete")
    named = {entry.permission(method) for entry in ACCESS.values() for method in methods}
    assert named - {"", ANYONE, HELD, SIGNED_IN} <= set(HOLDERS)


def test_the_document_is_written_from_this_table():
    assert PLACE.read_text() == written(), "run .venv/bin/python -m tests.access.document"


def test_every_address_that_can_be_read_is_a_list_or_something_else():
    read = {address for address, entry in ACCESS.items() if entry.get}
    assert set(LISTS) | OTHERS == read, "put it into LISTS or OTHERS of tests/access/lists.py"
    assert set(LISTS) & OTHERS == set()


def test_what_is_made_as_a_list_stands_among_the_lists():
    pages = {address for address, made in by_class().items() if issubclass(made, ListPage)}
    api = {
        address
        for address, made in by_class().items()
        if issubclass(made, CompanyViewSet) and "<" not in address and ACCESS[address].get
    }
    assert pages
    assert api
    assert (pages | api) - set(LISTS) == set()
