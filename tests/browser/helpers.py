"""What browser tests do again and again: sign in, take a picture, ask axe, wait for htmx."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
# On a busy machine the window takes its size, and the page its shape, some frames after they were asked for:
# the width once the page fits, else the one it still has after ten seconds.
_WIDTH_ONCE_FITTING = """(size) => new Promise((done) => {
    const last = performance.now() + 10000;
    const look = () => {
        const width = document.documentElement.scrollWidth;
        if ((window.innerWidth === size && width <= size) || performance.now() > last) done(width);
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
})"""
_STILL = """() => Promise.all(document.getAnimations().filter(
    (each) => each.effect.getComputedTiming().iterations !== Infinity).map((each) => each.finished.catch(() => 0)))"""
DESK, PHONE = {"width": 1400, "height": 900}, {"width": 390, "height": 844}


def sign_in(page: Page, live_server: LiveServer, username: str, password: str = "demo") -> None:
    """Sign in through the form and wait for the home page."""
    page.goto(f"{live_server.url}/login/")
    page.locator("#id_username").fill(username)
    page.locator("#id_password").fill(password)
    page.locator("#sign-in button[type=submit]").click()
    expect(page.locator(".o-side .who")).to_be_visible()


def shot(page: Page, name: str, *, phone: bool = True) -> None:
    """Look at the page at 1400 px, and at 390 px: it must not scroll sideways at either width.

    The whole page is saved in the folder ``PORTAL_SHOTS`` where one is named: pictures cost more than the look.
    """
    folder = os.environ.get("PORTAL_SHOTS")
    for size in (DESK, PHONE) if phone else (DESK,):
        page.set_viewport_size({"width": size["width"], "height": size["height"]})
        width = page.evaluate(_WIDTH_ONCE_FITTING, size["width"])
        assert width <= size["width"], f"{name} scrolls sideways at {size['width']} px: {width} px"
        if folder:
            page.screenshot(path=Path(folder) / f"{name}-{size['width']}.png", full_page=True)
    page.set_viewport_size({"width": DESK["width"], "height": DESK["height"]})


def press(page: Page, keys: str) -> None:
    """Press keys once the scripts of the page have run: what is pressed before nobody hears."""
    page.wait_for_load_state("domcontentloaded")
    page.keyboard.press(keys)


def on_phone(page: Page) -> None:
    """Go on at 390 px."""
    page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})


def axe(page: Page) -> None:
    """Assert that axe finds no violation of WCAG 2.1 A and AA on the page as it stands."""
    # A card that still fades in is judged by the colours it ends with.
    page.evaluate(_STILL)
    # Evaluated by the debugger's own channel, which the page's security policy does not bind.
    page.evaluate(_axe_source())
    result: dict[str, Any] = page.evaluate(
        "() => axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'], resultTypes: ['violations']})"
    )
    found = [
        f"{rule['id']} ({rule['impact']}): {node['target']} {node['failureSummary']}"
        for rule in result["violations"]
        for node in rule["nodes"]
    ]
    assert not found, "\n".join(found)


@cache
def _axe_source() -> str:
    return AXE.read_text(encoding="utf-8")


def settled(page: Page) -> None:
    """Wait until no htmx request is under way."""
    expect(page.locator(".htmx-request")).to_have_count(0)
