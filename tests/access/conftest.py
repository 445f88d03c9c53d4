"""The worlds whose things are asked for, and a signed-in client per role."""

from __future__ import annotations

from typing import Final

import pytest
from django.test import Client

from accounts.middleware import SESSION_COMPANY

from .expected import EVERY_COMPANY
from .world import Worlds, make_worlds

ANONYMOUS: Final = "anonymous"


@pytest.fixture
def worlds(db: None) -> Worlds:
    """One data set for all addresses of a part: nothing a request does is kept."""
    return make_worlds()


@pytest.fixture
def browsers(worlds: Worlds) -> dict[str, Client]:
    """A signed-in client per role; ``far`` works in the other company, for those who may."""
    found = {ANONYMOUS: Client()}
    for role, person in worlds.people.items():
        found[role] = Client(headers={"accept-language": "en"})
        found[role].force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    for role in EVERY_COMPANY:
        far = found[f"{role} far"] = Client(headers={"accept-language": "en"})
        far.force_login(worlds.people[role], backend="django.contrib.auth.backends.ModelBackend")
        session = far.session
        session[SESSION_COMPANY] = worlds.other_company.company
        session.save()
    return found
