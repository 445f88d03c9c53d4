"""What every test stands on: roles and reference rows, no broker, no shared files, English."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.core.management import call_command
from django.db import connections, models
from django.test import TransactionTestCase
from django.test.utils import override_settings
from django.utils import translation
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker

from o2c.shared import work

from . import clock, emptying, schema

# Before any module of tests reads the day.
clock.steady()

# A busy machine is no failure: examples may take their time. The few examples of every run are the same each time,
# so that a change is judged by itself; who asks for more gets others each time.
hypothesis_settings.register_profile(
    "portal",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="PROPERTY_EXAMPLES" not in os.environ,
)
hypothesis_settings.load_profile("portal")

# Taken first, in this order: what takes longest must not be left for the end, where one process would run alone.
LONGEST = (
    "access/test_access.py",
    "demo/test_demo.py",
    "api/test_edges.py",
    "door/test_portal.py",
    "access/test_list_queries.py",
    "flows/test_properties.py",
)
# Taken last: a seal waits for every transaction of the server, and beside these run short ones alone.
WAITING = ("shared/test_sealing.py", "reports/test_verify_books.py", "browser/test_audit.py")

# What stays while a database is emptied, and the people that tests make themselves.
LASTING = {"contenttypes.contenttype", "auth.permission", "accounts.user"}

TESTS = Path(__file__).parent

_reference_rows: list[models.Model] = []


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files: the longest, those of real processes, browsers and many rows, the rest, those that wait."""
    heavy = {
        item.path
        for item in items
        if any(item.get_closest_marker(name) for name in ("slow", "browser", "volume"))
    }

    def turn(item: pytest.Item) -> int:
        name = item.path.relative_to(TESTS).as_posix()
        if name in LONGEST:
            return LONGEST.index(name)
        if name in WAITING:
            return len(LONGEST) + 2
        return len(LONGEST) + (0 if item.path in heavy else 1)

    items.sort(key=turn)


def _empty_again(case: TransactionTestCase) -> None:
    """What a test with ``transaction=True`` leaves behind is taken out; the first rows come back."""
    del case
    emptying.empty(_reference_rows)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Copy every test database from one that is migrated already."""
    connections["default"].settings_dict["TEST"] |= {"TEMPLATE": schema.template(), "MIGRATE": False}


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Store the roles once and remember every row of a fresh database."""
    with django_db_blocker.unblock():
        call_command("sync_roles", verbosity=0)
        for model in apps.get_models():
            if model._meta.managed and model._meta.label_lower not in LASTING:
                _reference_rows.extend(model._default_manager.all())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", _empty_again)
        yield


@pytest.fixture(scope="session", autouse=True)
def _own_cache() -> Iterator[None]:
    """Keep what tests cache in the process."""
    with override_settings(CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}):
        yield


@pytest.fixture(autouse=True)
def _own_files(settings: LazySettings, tmp_path: Path) -> None:
    """Keep the files of a test in its own folder."""
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    """Speak English outside of requests, whatever is translated; a test of French words overrides it."""
    with translation.override("en"):
        yield


@pytest.fixture
def real_broker() -> None:
    """Ask for this where a test wants workers to be woken."""


@pytest.fixture(autouse=True)
def _no_broker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wake no worker: work waits in its table until the test drains it."""
    if "real_broker" not in request.fixturenames:
        monkeypatch.setattr(work, "_wake", lambda work_id, kind: None)


@pytest.fixture
def work_drain() -> Callable[[], int]:
    """Do all waiting work, what it asks for included; the number of pieces done."""
    return work.drain
