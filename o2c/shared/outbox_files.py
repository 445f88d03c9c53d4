"""What goes with a message of the outbox: files that are kept, and files that are made when it is sent.

A caller hands attachments to a message as it writes it::

    outbox.write([OutboxMessage(…, files=[
        outbox_files.keep("reminder.pdf", content, "application/pdf").as_row(),   # bytes it has in its hand
        outbox_files.Attachment("FA2026-000123.pdf", source="invoice", key=invoice.pk).as_row(),  # made later
    ])])

``settings.OUTBOX_SOURCES`` names for each source the function that gives the file of a key when the message is
sent. It answers with an attachment that has a ``path``, raises ``StillMade`` where the file is not there yet (the
message waits for it and is tried again), or ``CannotAttach`` with the reason (the message fails and says why).
Once sent, a message names for good the very bytes that went with it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.module_loading import import_string

_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]")


class StillMade(Exception):
    """The file is being made: ask again in a moment."""


class CannotAttach(Exception):
    """There is no such file and there will be none; the text says why."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message.

    :ivar name: what the receiver sees
    :ivar path: where it lies in the storage; empty while it is to be made by ``source`` for ``key``
    :ivar sha256: of its bytes, so that nothing else leaves under its name
    """

    name: str
    path: str = ""
    sha256: str = ""
    content_type: str = "application/pdf"
    source: str = ""
    key: int = 0

    def as_row(self) -> dict[str, Any]:
        """The attachment as a message keeps it."""
        return {name: value for name, value in asdict(self).items() if value}


def keep(name: str, content: bytes, content_type: str) -> Attachment:
    """Keep bytes for messages, under their own digest: the same content lies there once."""
    sha256 = hashlib.sha256(content).hexdigest()
    path = f"outbox/files/{sha256[:2]}/{sha256}"
    if not default_storage.exists(path):
        path = default_storage.save(path, ContentFile(content))
    return Attachment(safe_name(name), path, sha256, content_type)


def safe_name(name: str) -> str:
    """A name as a file may carry it in a header and on any disk."""
    return _UNSAFE.sub("_", name).strip(" .")[:150] or "file"


def names(files: Iterable[Mapping[str, Any]]) -> list[str]:
    """The names of a message's files."""
    return [str(row["name"]) for row in files]


def resolved(files: Iterable[Mapping[str, Any]]) -> list[Attachment]:
    """Every file with its place; those that are made when they are sent are asked for now.

    :raises StillMade: one is not there yet
    :raises CannotAttach: one will never be
    """
    return [_resolved(Attachment(**row)) for row in files]


def _resolved(file: Attachment) -> Attachment:
    if file.path:
        return file
    if file.source not in settings.OUTBOX_SOURCES:
        raise CannotAttach(f"{file.name}: no source {file.source}")
    found: Attachment = import_string(settings.OUTBOX_SOURCES[file.source])(file.key)
    return replace(found, name=safe_name(found.name or file.name), source=file.source, key=file.key)


def contents(files: Sequence[Attachment]) -> list[tuple[str, bytes, str]]:
    """Name, bytes and type of each file.

    :raises CannotAttach: it is gone, or its bytes are not those it was kept with
    """
    return [(file.name, _bytes(file), file.content_type) for file in files]


def _bytes(file: Attachment) -> bytes:
    try:
        with default_storage.open(file.path) as stored:
            content: bytes = stored.read()
    except OSError as error:
        raise CannotAttach(f"{file.name}: {error}") from error
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise CannotAttach(f"{file.name}: its bytes have changed")
    return content
