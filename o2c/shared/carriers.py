"""The ways by which text messages and letters leave, and two that work through a folder.

``settings.OUTBOX_CARRIERS`` names for each channel of a message the class and its folder. Another carrier, an
operator's or a printing house's interface, is a class with the same four members.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from .outbox_files import safe_name
from .texting import parts_of

# Longer is no report: it is not read.
LONGEST: Final = 100_000
_NAME: Final = re.compile(r"[a-z]+-[0-9]+(-[0-9]+)?")


class NotTaken(Exception):
    """The carrier took nothing: it may be tried again by itself."""


class Refused(Exception):
    """The carrier said no, and why: trying again would not help."""


class Unclear(Exception):
    """Nobody knows whether the carrier took it."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a carrier takes.

    :ivar name: names the message for good: the same whenever it is tried, another one where a person wants it sent
        again
    :ivar to: a number of E.164, or the lines of an address
    :ivar sender: whose name it carries
    :ivar files: name, bytes and type of each
    """

    name: str
    message: int
    to: str
    sender: str
    text: str
    language: str
    written_at: datetime
    files: tuple[tuple[str, bytes, str], ...] = ()


class Carrier(Protocol):
    """What the portal needs of a carrier.

    :ivar knows_again: it recognises a parcel it was given before; else one whose handing over was interrupted becomes
        uncertain
    """

    knows_again: bool

    def deliver(self, parcel: Parcel) -> None:
        """Hand a parcel over, once.

        :raises NotTaken: not now
        :raises Refused: not this one
        :raises Unclear: it was begun, and nobody knows how it ended
        """

    def reports(self) -> Iterator[tuple[str, bytes]]:
        """Yield what the carrier says of parcels, each with its name, oldest first."""

    def done(self, name: str, problem: str = "") -> None:
        """Put a report away: as done, or beside the problem it has."""


class FileCarrier:
    """Exchange through a folder: ``out/`` for the carrier, ``in/`` from it, then ``done/`` or ``refused/``.

    What leaves appears whole, under its name. ``begun/`` remembers each name before it is written: one that is begun
    and does not lie in ``out/`` any more may have been taken, and is not written a second time.
    """

    knows_again = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def deliver(self, parcel: Parcel) -> None:
        """Write the parcel under its name."""
        if not _NAME.fullmatch(parcel.name):
            raise Refused(f"{parcel.name!r} names no parcel")
        target, begun = self._folder / "out" / self._file(parcel), self._folder / "begun" / parcel.name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            begun.parent.mkdir(parents=True, exist_ok=True)
            begun.open("x").close()
        except FileExistsError:
            if target.exists():
                return
            raise Unclear("its writing was begun before, and it does not lie there") from None
        except OSError as error:
            raise NotTaken(str(error)) from error
        unfinished = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            self._write(unfinished, parcel)
            unfinished.replace(target)
        except OSError as error:
            begun.unlink(missing_ok=True)
            raise NotTaken(str(error)) from error

    def reports(self) -> Iterator[tuple[str, bytes]]:
        """Yield the files of ``in/`` in the order of their names."""
        for path in sorted((self._folder / "in").glob("[!.]*.json")):
            if path.is_symlink() or not path.is_file():
                continue
            with path.open("rb") as file:
                yield path.name, file.read(LONGEST + 1)

    def done(self, name: str, problem: str = "") -> None:
        """Move a file of ``in/`` away; what is wrong with it stands in a text beside it."""
        target = self._folder / ("refused" if problem else "done")
        target.mkdir(parents=True, exist_ok=True)
        if problem:
            (target / f"{name}.txt").write_text(problem, encoding="utf-8")
        (self._folder / "in" / name).replace(target / name)

    def _file(self, parcel: Parcel) -> str:
        raise NotImplementedError

    def _write(self, path: Path, parcel: Parcel) -> None:
        raise NotImplementedError


class TextFiles(FileCarrier):
    """Text messages, one file each: ``out/<name>.json`` with number, sender, words, coding and parts."""

    def _file(self, parcel: Parcel) -> str:
        return f"{parcel.name}.json"

    def _write(self, path: Path, parcel: Parcel) -> None:
        parts = parts_of(parcel.text)
        path.write_text(
            _json(
                _facts(parcel)
                | {
                    "to": parcel.to,
                    "text": parcel.text,
                    "coding": "UCS-2" if parts.is_wide else "GSM-7",
                    "places": parts.used,
                    "parts": parts.number,
                }
            ),
            encoding="utf-8",
        )


class LetterFiles(FileCarrier):
    """Letters, one folder each: ``out/<name>/`` with the papers, ``address.txt`` and ``manifest.json``.

    The first paper is the letter, the others go with it in their order.
    """

    def _file(self, parcel: Parcel) -> str:
        return parcel.name

    def _write(self, path: Path, parcel: Parcel) -> None:
        path.mkdir(exist_ok=True)
        papers = []
        for place, (name, content, kind) in enumerate(parcel.files, start=1):
            file = f"{place:02d}-{safe_name(name)}"
            (path / file).write_bytes(content)
            papers.append(
                {
                    "file": file,
                    "type": kind,
                    "bytes": len(content),
                    "sha256": hashlib.sha256(content).hexdigest(),
                }
            )
        (path / "address.txt").write_text(f"{parcel.to}\n", encoding="utf-8")
        manifest = _facts(parcel) | {"address": parcel.to.split("\n"), "papers": papers}
        (path / "manifest.json").write_text(_json(manifest), encoding="utf-8")


def carrier_of(channel: str) -> Carrier:
    """The carrier that the settings name for a channel."""
    path, folder = settings.OUTBOX_CARRIERS[channel]
    made: Carrier = import_string(path)(Path(folder))
    return made


def _facts(parcel: Parcel) -> dict[str, Any]:
    return {
        "id": parcel.name,
        "message": parcel.message,
        "sender": parcel.sender,
        "language": parcel.language,
        "written_at": parcel.written_at.isoformat(),
    }


def _json(found: dict[str, Any]) -> str:
    return json.dumps(found, ensure_ascii=False, indent=1)
