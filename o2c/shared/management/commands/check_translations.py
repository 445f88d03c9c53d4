"""Compare every text of the code and the templates with the French catalogue."""

from __future__ import annotations

import shutil
import tempfile
from argparse import ArgumentParser
from contextlib import chdir
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.test.utils import override_settings

LANGUAGE = "fr"
NOT_OURS = (
    ".*",
    "requirements",
    "var",
    "static",
    "staticfiles",
    "tests",
    "docs",
    "node_modules",
    "__pycache__",
)


def collect() -> None:
    """Bring the catalogue below the current folder up to date with the texts found there."""
    with override_settings(LOCALE_PATHS=[Path.cwd() / "locale"]):
        call_command(
            "makemessages",
            locale=[LANGUAGE],
            extensions=["html", "txt", "py"],
            ignore_patterns=list(NOT_OURS),
            add_location="file",
            no_wrap=True,
            verbosity=0,
        )


def complaints(catalog: Catalog) -> list[str]:
    """One line per text that a French reader would see in English, or that no page shows any more."""
    found = [_complaint(message) for message in catalog if message.id]
    found += [f"no longer used: {_text(message)}" for message in catalog.obsolete.values()]
    return [line for line in found if line]


def _complaint(message: Message) -> str:
    where = ", ".join(sorted({place for place, _line in message.locations})) or "unknown place"
    strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
    if not all(strings):
        return f"missing: {_text(message)} ({where})"
    if message.fuzzy:
        return f"to be confirmed (fuzzy): {_text(message)} ({where})"
    return ""


def _text(message: Message) -> str:
    return repr(message.id if isinstance(message.id, str) else message.id[0])


class Command(BaseCommand):
    """Exit 1 and name each text that French lacks; ``--update`` collects the texts into the catalogue first."""

    help = "Compare every text of the code and the templates with the French catalogue."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--update", action="store_true", help="write new texts into the catalogue, for translation"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not shutil.which("xgettext"):
            raise CommandError("xgettext is missing; install the package gettext.")
        root = Path(settings.BASE_DIR)
        if options["update"]:
            (root / "locale").mkdir(exist_ok=True)
            with chdir(root):
                collect()
            return
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "tree"
            shutil.copytree(root, copy, ignore=shutil.ignore_patterns(*NOT_OURS, "*.mo"))
            (copy / "locale").mkdir(exist_ok=True)
            with chdir(copy):
                collect()
            with (copy / "locale" / LANGUAGE / "LC_MESSAGES" / "django.po").open("rb") as file:
                found = complaints(read_po(file, ignore_obsolete=False))
        for line in found:
            self.stderr.write(line)
        if found:
            hint = "./portal fix collects them, then translate"
            raise CommandError(f"texts of the French catalogue that need a hand: {len(found)} ({hint})")
