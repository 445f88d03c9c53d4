"""Files of others are what VENDOR.md says, and every icon that is named exists."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from django.conf import settings

from o2c.menu import MENU
from o2c.shared.badges import BADGES

STATIC = settings.BASE_DIR / "static"
VENDOR = STATIC / "vendor"
TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))
LISTED = re.findall(r"^\| `([^`]+)`.*`([0-9a-f]{64})` \|$", (VENDOR / "VENDOR.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize(("name", "checksum"), LISTED)
def test_files_of_others_are_unchanged(name: str, checksum: str) -> None:
    file = settings.BASE_DIR / name if name.startswith("tests/") else VENDOR / name
    assert hashlib.sha256(file.read_bytes()).hexdigest() == checksum


def test_every_file_of_others_is_listed() -> None:
    listed = {VENDOR / name for name, _checksum in LISTED}
    ours = {VENDOR / "VENDOR.md", VENDOR / "inter" / "inter.css"}
    present = {file for file in VENDOR.rglob("*") if file.is_file() and file.parent.name != "licences"}
    assert present - ours == {
        file for file in listed if file.is_relative_to(VENDOR) and "tests/" not in str(file)
    }


@pytest.mark.parametrize("file", sorted(STATIC.rglob("*.[cj]s*")), ids=lambda file: file.name)
def test_no_source_maps_are_named(file: Path) -> None:
    assert "sourceMappingURL" not in file.read_text(encoding="utf-8")


def test_every_icon_named_exists() -> None:
    sprite = set(re.findall(r'<symbol id="([^"]+)"', (VENDOR / "icons.svg").read_text()))
    named = {badge.icon for badge in BADGES.values()} | {
        e.icon for group in MENU.groups for e in group.entries
    }
    for file in TEMPLATES:
        named |= set(re.findall(r"""{%\s*icon\s+['"]([a-z0-9-]+)['"]""", file.read_text()))
        named |= set(re.findall(r"""{%\s*badge\s+['"]\w+['"]\s+['"]([a-z0-9-]+)['"]""", file.read_text()))
    assert named - sprite == set()


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_templates_hold_no_inline_style_or_script(file: Path) -> None:
    text = file.read_text()
    assert not re.search(r"\sstyle\s*=|<style|\son[a-z]+\s*=\s*[\"']|javascript:|hx-on", text)
    for tag in re.findall(r"<script[^>]*>", text):
        assert "src=" in tag or "application/json" in tag
