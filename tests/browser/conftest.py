"""A real browser for tests: one Chromium a session, a fresh profile a test, every console error a failure."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

CHROMIUM = os.environ.get("PORTAL_CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

# Milliseconds; a busy machine is slow, only a page that is wrong takes this long.
PATIENCE = 30_000

# What the browser says by itself of an answer that the test asked for.
EXPECTED = ("Failed to load resource: the server responded with a status of 4",)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run a browser test that fails once more: on a busy machine the browser may come too late, the report says so."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session", autouse=True)
def _async_unsafe() -> None:
    """Let Django run beside Playwright's event loop."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"


@pytest.fixture(scope="session")
def playwright_driver() -> Iterator[Playwright]:
    """The driver, started once."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright_driver: Playwright) -> Iterator[Browser]:
    """The system's Chromium, started once."""
    chromium = playwright_driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    yield chromium
    chromium.close()


@pytest.fixture(autouse=True)
def _plain_static_files(settings: LazySettings) -> None:
    """Serve static files under their own names, without a manifest."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A French reader at a desk, with an empty profile."""
    profile = browser.new_context(
        viewport={"width": 1400, "height": 900},
        locale="fr-FR",
        timezone_id="Europe/Paris",
        color_scheme="light",
    )
    profile.set_default_timeout(PATIENCE)
    yield profile
    profile.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page whose console must stay silent; answers 4xx that a test provokes are no errors."""
    said: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(EXPECTED):
            said.append(message.text)

    tab = context.new_page()
    tab.on("console", listen)
    tab.on("pageerror", lambda error: said.append(str(error)))
    yield tab
    tab.close()
    assert not said, f"The console was not silent: {said}"


@pytest.fixture(scope="session", autouse=True)
def _shots_folder() -> None:
    """Make the folder for screenshots where ``PORTAL_SHOTS`` names one."""
    if folder := os.environ.get("PORTAL_SHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
