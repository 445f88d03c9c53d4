"""Files that people join to a request: size and kind are looked at before anything is kept."""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Final

from django.core.files.base import ContentFile, File
from django.utils.translation import gettext_lazy as _

from .problems import Invalid

LARGEST: Final = 10 * 1024 * 1024
# What a file of a kind begins with; the browser's word for it is not asked.
KINDS: Final[dict[str, tuple[str, tuple[bytes, ...]]]] = {
    "pdf": ("application/pdf", (b"%PDF-",)),
    "png": ("image/png", (b"\x89PNG\r\n\x1a\n",)),
    "jpg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "jpeg": ("image/jpeg", (b"\xff\xd8\xff",)),
    # As mail programs save a message.
    "eml": (
        "message/rfc822",
        (
            b"Return-Path:",
            b"Received:",
            b"Delivered-To:",
            b"From:",
            b"Date:",
            b"MIME-Version:",
            b"Message-ID:",
            b"Subject:",
            b"To:",
            b"X-",
        ),
    ),
    "msg": ("application/vnd.ms-outlook", (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",)),
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", (b"PK\x03\x04",)),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", (b"PK\x03\x04",)),
}
_LONGEST_NAME: Final = 150


@dataclass(frozen=True)
class ReceivedFile:
    """A file that was looked at: ``name`` for people, ``content`` as it came."""

    name: str
    content_type: str
    content: bytes

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.content)

    def stored_as(self) -> ContentFile[bytes]:
        """The file under a name of its own, so that two of the same name never meet."""
        return ContentFile(self.content, name=f"{uuid.uuid4().hex}{PurePath(self.name).suffix.lower()}")


def received(name: str, content: bytes, *, field: str = "documents") -> ReceivedFile:
    """Look at a file.

    :raises Invalid: empty, too large, or not of a kind that may be joined; names the field
    """
    clean = re.sub(r"[^\w .()’'-]", "_", PurePath(name.replace("\\", "/")).name).strip(" .")[-_LONGEST_NAME:]
    ending = PurePath(clean).suffix.lower().removeprefix(".")
    kind = KINDS.get(ending)
    if not content:
        raise Invalid(errors={field: [_("%(name)s is empty.") % {"name": clean or name[:80]}]})
    if len(content) > LARGEST:
        raise Invalid(errors={field: [_("%(name)s is larger than 10 MB.") % {"name": clean}]})
    if kind is None or not content.startswith(kind[1]):
        said = _("%(name)s is not a file that can be joined: PDF, PNG, JPEG, e-mail, DOCX or XLSX.")
        raise Invalid(errors={field: [said % {"name": clean or name[:80]}]})
    return ReceivedFile(clean, kind[0], content)


def from_upload(upload: File[Any], *, field: str = "documents") -> ReceivedFile:
    """Look at an uploaded file; one that is too large is not read at all.

    :raises Invalid: as ``received``
    """
    if upload.size and upload.size > LARGEST:
        raise Invalid(errors={field: [_("%(name)s is larger than 10 MB.") % {"name": upload.name or ""}]})
    return received(upload.name or "", upload.read(), field=field)


def from_json(document: Mapping[str, Any], *, field: str = "documents") -> ReceivedFile:
    """Look at a file that came in a JSON body: ``{"name", "content"}``, the content in base64.

    :raises Invalid: as ``received``, or no base64
    """
    try:
        content = base64.b64decode(str(document.get("content", "")), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid(errors={field: [_("The content must be base64.")]}) from error
    return received(str(document.get("name", "")), content, field=field)
