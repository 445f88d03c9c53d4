"""Every address × method × role × whose thing: nothing opens or acts that should not (``expected.py``)."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from o2c import urls
from o2c.shared.models import AuditEvent

from .addresses import METHODS
from .conftest import ANONYMOUS
from .expected import (
    ACCESS,
    ANYONE,
    API_PREFIX,
    EVERY_COMPANY,
    HELD,
    HOLDERS,
    OWN_PORTFOLIO,
    OWN_SALES,
    ROLES,
    SIGNED_IN,
    Entry,
)
from .world import NOBODY, World, Worlds

PERSONAL: Final = {"notice", "job", "work", "written", "substitution", "mass"}
# A sale: one of a colleague's to a client of one's own is not there for a rep.
SALES: Final = {"dispute", "order", "draft", "override", "quotation", "invoice", "item", "waiver"}
# Only of a company: a rep's portfolio does not matter.
COMPANY_WIDE: Final = {"run", "committee", "validated", "policy", "authority_change"}
# A statement of somebody else's: who holds the committee, sets the policy or audits reads those of the company.
STEERING: Final = HOLDERS["disputes.committee"] | HOLDERS["policy.change"] | HOLDERS["audit.view"]
STRONGEST: Final = "executive"
PUBLIC: Final = {ANYONE, HELD}
# What the holder of a link sees, whoever it is: all of that client.
OF_THE_LINK: Final = {"own", "colleague"}

OPEN, HIDDEN, UNKNOWN, FORBIDDEN = "open", "not there", "not there, or wrong in the form", "forbidden"
CLOSED, ASKED, NO_METHOD = "forbidden or not there", "asked to sign in", "no such method"
# What each answer looks like: 409 and 422 are answers to somebody who may, about a thing he may see.
STATUSES: Final = {
    OPEN: {200, 201, 202, 204, 286, 302, 409, 422},
    HIDDEN: {404},
    UNKNOWN: {200, 302, 404, 422},
    FORBIDDEN: {403},
    CLOSED: {403, 404},
    ASKED: {302, 401},
    NO_METHOD: {403, 404, 405},
}


@dataclass(frozen=True)
class Case:
    """One request and what must come of it."""

    method: str
    role: str
    whose: str
    expected: str
    also: frozenset[int] = frozenset()


@pytest.fixture(autouse=True)
def _short_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse in a word: the pages that say so are not what is looked at."""
    for status in (403, 404):
        answer = partial(HttpResponse, "refused", status=status)
        monkeypatch.setattr(urls, f"handler{status}", lambda *_, answer=answer, **__: answer(), raising=False)


def parts() -> dict[str, list[str]]:
    """The addresses by what they begin with, so that one part can be run alone."""
    found: dict[str, list[str]] = {}
    for address in sorted(ACCESS):
        head = address.removeprefix(API_PREFIX).split("/")[0]
        found.setdefault(f"api {head}".strip() if address.startswith(API_PREFIX) else head, []).append(
            address
        )
    return found


def names_one(shape: Any) -> bool:
    """Whether a body or query names a thing of a world."""
    return re.search(r"\{\w+\}", json.dumps(shape)) is not None


def scoped(entry: Entry, method: str) -> bool:
    """Whether a request is about a thing that somebody may not see."""
    return bool(entry.about) or inside(entry, method)


def inside(entry: Entry, method: str) -> bool:
    """Whether body or query alone name the thing: a form may then answer with what is wrong instead of 404."""
    return not entry.about and names_one([dict(entry.asks), entry.body if method != "get" else None])


def cases_of(address: str, entry: Entry) -> Iterator[Case]:
    """Every request an address gets: all that must be refused, and some of those that must be let in."""
    for method in METHODS:
        permission = entry.permission(method)
        if not permission:
            yield Case(method, STRONGEST, "own", NO_METHOD)
            continue
        also = frozenset({401, 503} if permission == ANYONE else {403} if entry.by_authority else ())
        yield Case(method, ANONYMOUS, "own", OPEN if permission in PUBLIC else ASKED, also)
        for whose in owners(entry, method):
            tried_by = OWN_SALES if whose == "colleague" else (*ROLES, NOBODY)
            expected = {role: expectation(entry, method, role, whose) for role in tried_by}
            open_for = [role for role, found in expected.items() if found == OPEN]
            tried = sample(f"{method} {address} {whose}", open_for)
            for role, found in expected.items():
                if found != OPEN or role in tried:
                    yield Case(method, role, whose, found, also if found == OPEN else frozenset())


def owners(entry: Entry, method: str) -> tuple[str, ...]:
    """Whose thing a request is tried with."""
    if not scoped(entry, method) or entry.permission(method) == HELD:
        return ("own",)
    return ("own", *(("colleague",) if entry.about in SALES else ()), "other_rep", "other_company")


def sample(seed: str, roles: Sequence[str]) -> set[str]:
    """Whom to let in: who sees least, and another one, a different one for each address.

    That each of them holds the right is what ``test_table.py`` compares; this finds rights asked for wrongly.
    """
    return {*OWN_PORTFOLIO, *(roles[zlib.crc32(seed.encode()) % len(roles) :][:1] if roles else ())}


def expectation(entry: Entry, method: str, role: str, whose: str) -> str:
    """What a role gets of a thing, by the table alone."""
    permission = entry.permission(method)
    if permission in PUBLIC:
        return OPEN
    holds = permission == SIGNED_IN or role in HOLDERS[permission]
    sees = not scoped(entry, method) or may_see(entry.about, role, whose)
    if holds:
        return OPEN if sees else UNKNOWN if inside(entry, method) else HIDDEN
    return FORBIDDEN if sees else CLOSED


def may_see(about: str, role: str, whose: str) -> bool:
    """Whether a thing exists for a role: what is one's own, what is of one's clients, of one's company."""
    if about in PERSONAL:
        return whose == "own" or (about in {"work", "substitution"} and role in EVERY_COMPANY)
    if about == "told" and whose != "own" and role not in STEERING:
        return False
    if whose == "other_company":
        return role in EVERY_COMPANY
    if about == "company":
        return True
    # Whom a client is entrusted to sees what anybody sold to it.
    bound = OWN_SALES if whose == "colleague" else OWN_PORTFOLIO
    return role != NOBODY and (whose == "own" or about in COMPANY_WIDE or role not in bound)


def fill(shape: Any, values: dict[str, Any]) -> Any:
    """A body with its placeholders filled."""
    if isinstance(shape, dict):
        return {fill(key, values): fill(value, values) for key, value in shape.items()}
    if isinstance(shape, list):
        return [fill(value, values) for value in shape]
    return shape.format(**values) if isinstance(shape, str) else shape


@dataclass(frozen=True)
class Answer:
    """What came back, read to its end; ``seen`` is what was looked at before all of it was taken back."""

    status: int
    location: str
    content: bytes
    acted: bool
    seen: Any = None


def send(
    client: Client,
    address: str,
    entry: Entry,
    case: Case,
    world: World,
    look: Callable[[], Any] = lambda: None,
) -> Answer:
    """Send one request, in the company of the thing; nothing it does is kept."""
    values = world.values_for(case.role)
    about = [str(values[entry.about])] if entry.about else []
    given = iter([*about, *fill(list(entry.then), values)])
    path = "/" + "/".join(next(given) if part.startswith("<") else part for part in address.split("/"))
    query = fill(dict(entry.asks), values)
    if case.method == "post":
        query |= entry.upload_asks
    api = address.startswith(API_PREFIX)
    if api and case.whose == "other_company":
        query["company"] = world.company
    options: dict[str, Any] = {}
    if entry.upload and case.method == "post":
        options = {"data": {"file": SimpleUploadedFile("file", entry.upload), **entry.upload_says}}
    if entry.body is not None and case.method != "get":
        body = fill(entry.body, values)
        if api:
            options = {"data": json.dumps(body), "content_type": "application/json"}
        elif case.method == "post":
            options = {"data": body}
    with transaction.atomic():
        before = AuditEvent.objects.count()
        found: Any = getattr(client, case.method)(f"{path}?{urlencode(query)}", **options)
        content = b"".join(found.streaming_content) if found.streaming else found.content
        acted = AuditEvent.objects.count() != before
        seen = look()
        transaction.set_rollback(True)
    return Answer(found.status_code, found.get("Location", ""), content, acted, seen)


@pytest.mark.parametrize("part", parts())
def test_nothing_opens_that_should_not(part, worlds, browsers):
    wrong = []
    for address in parts()[part]:
        entry = ACCESS[address]
        for case in cases_of(address, entry):
            world: World = getattr(worlds, case.whose)
            abroad = case.whose == "other_company" and case.role in EVERY_COMPANY
            browser = browsers[f"{case.role} far" if abroad else case.role]
            answer = send(browser, address, entry, case, world)
            if told := complaint(address, case, answer, worlds):
                wrong.append(f"{case.method.upper()} {address} as {case.role} of {case.whose}: {told}")
    assert not wrong, "\n" + "\n".join(wrong)


def complaint(address: str, case: Case, answer: Answer, worlds: Worlds) -> str:
    """What is wrong with an answer, empty when nothing is."""
    to_sign_in = answer.status == 302 and answer.location.startswith("/login/")
    if answer.status not in STATUSES[case.expected] | case.also:
        return f"{answer.status}, expected {case.expected}: {answer.content[:80]!r}"
    if to_sign_in and case.expected != ASKED and case.role != ANONYMOUS and "logout" not in address:
        return "asked to sign in"
    if case.expected != OPEN and answer.acted:
        return "refused, and yet something was done"
    held = OF_THE_LINK if ACCESS[address].permission(case.method) == HELD else set()
    unseen = [
        world.mark
        for whose, world in worlds.by_owner().items()
        if whose not in held and (case.role == ANONYMOUS or not may_see("client", case.role, whose))
    ]
    # A form shows again the code that was typed; the name would be news.
    sign = "{} world" if case.expected == UNKNOWN else "{}-"
    shown = [mark for mark in unseen if sign.format(mark).encode() in answer.content]
    return f"shows of {', '.join(shown)}" if shown else ""
