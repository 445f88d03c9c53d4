"""The way to an approved platform, and one that works through a folder."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final, Protocol

from django.conf import settings
from django.utils.dateparse import parse_datetime
from django.utils.module_loading import import_string

from invoicing.models import EInvoiceEvent

from . import policy

# Longer is no status: it is not read.
_LONGEST: Final = 100_000


class MessageUnreadable(ValueError):
    """A message of a platform that cannot be read; the text says what and where."""


class EInvoicingGateway(Protocol):
    """What the portal needs of a platform. Each call may be repeated: the second changes nothing."""

    def deposit(self, siren: str, number: str, content: bytes) -> None:
        """Hand over an invoice of a seller."""

    def send_status(self, siren: str, message: dict[str, Any]) -> None:
        """Hand over a status that the seller sets."""

    def received(self) -> Iterator[tuple[str, bytes]]:
        """Yield the messages that wait, each with its name, oldest first."""

    def done(self, name: str, problem: str = "") -> None:
        """Put a message away: as done, or beside the problem it has."""


class FileGateway:
    """Exchange through a folder: ``out/`` for the platform, ``in/`` from it, then ``done/`` or ``refused/``.

    Files appear whole: they are written under another name and renamed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def deposit(self, siren: str, number: str, content: bytes) -> None:
        """Write the invoice as ``out/<SIREN>/<number>.xml``."""
        self._write(Path("out") / _safe(siren) / f"{_safe(number)}.xml", content)

    def send_status(self, siren: str, message: dict[str, Any]) -> None:
        """Write the status as ``out/<SIREN>/<number>-<id>.json``."""
        text = json.dumps(message, ensure_ascii=False, indent=1)
        name = f"{_safe(message['invoice'])}-{message['id']}.json"
        self._write(Path("out") / _safe(siren) / name, text.encode())

    def received(self) -> Iterator[tuple[str, bytes]]:
        """Yield the files of ``in/`` in the order of their names."""
        for path in sorted((self._folder / "in").glob("*.json")):
            if path.is_symlink() or not path.is_file():
                continue
            with path.open("rb") as file:
                yield path.name, file.read(_LONGEST + 1)

    def done(self, name: str, problem: str = "") -> None:
        """Move a file of ``in/`` away; what is wrong with it stands in a text beside it."""
        target = self._folder / ("refused" if problem else "done")
        target.mkdir(parents=True, exist_ok=True)
        if problem:
            (target / f"{name}.txt").write_text(problem, encoding="utf-8")
        (self._folder / "in" / name).replace(target / name)

    def _write(self, name: Path, content: bytes) -> None:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        unfinished.write_bytes(content)
        unfinished.replace(path)


def gateway() -> EInvoicingGateway:
    """The way to the platform that the settings name."""
    made: EInvoicingGateway = import_string(settings.EINVOICING_GATEWAY)(Path(settings.EINVOICING_FOLDER))
    return made


def message_of(event: EInvoiceEvent) -> dict[str, Any]:
    """A status of ours as the platform is told it."""
    status = policy.EInvoiceStatus(event.status)
    invoice = event.invoice
    found: dict[str, Any] = {
        "id": event.pk,
        "invoice": invoice.number,
        "issue_date": invoice.issue_date.isoformat(),
        "code": policy.CODES[status],
        "status": str(status.value),
        "at": event.happened_at.isoformat(),
    }
    if event.amount is not None:
        found |= {"amount": f"{event.amount:.2f}", "currency": invoice.currency, "vat": event.vat}
    if event.comment:
        found["comment"] = event.comment
    return found


class Heard:
    """A status as a platform says it.

    :raises MessageUnreadable: it is not one, or its number, seller, code, amount or time cannot be read
    """

    def __init__(self, content: bytes) -> None:
        if len(content) > _LONGEST:
            raise MessageUnreadable(f"longer than {_LONGEST} bytes: this is no status")
        try:
            found = json.loads(content.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise MessageUnreadable(f"not JSON in UTF-8: {error}") from error
        if not isinstance(found, dict):
            raise MessageUnreadable("not an object with the fields seller, invoice, code, id")
        self.siren = _text(found, "seller", 9)
        self.number = _text(found, "invoice", 60)
        self.external_id = _text(found, "id", 120)
        self.reason_code = _text(found, "reason_code", 20, needed=False)
        self.comment = _text(found, "comment", 500, needed=False)
        self.status = _status(found.get("code"))
        self.amount = _amount(found.get("amount"))
        self.happened_at = _time(found.get("at"))


def _text(found: dict[str, Any], field: str, longest: int, *, needed: bool = True) -> str:
    value = found.get(field, "")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or "\x00" in value or len(value) > longest:
        raise MessageUnreadable(f"{field}: a text of at most {longest} characters is needed")
    if needed and not value.strip():
        raise MessageUnreadable(f"{field}: nothing is written here; it is needed")
    return value.strip()


def _status(code: Any) -> policy.EInvoiceStatus:
    status = policy.BY_CODE.get(code) if isinstance(code, int) else None
    if status is None:
        raise MessageUnreadable(f"code: {code!r} is none of {', '.join(map(str, policy.BY_CODE))}")
    return status


def _amount(value: Any) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or abs(found) >= 10**12 or found != round(found, 2):
        raise MessageUnreadable(f"amount: {str(value)[:40]!r} is not an amount with two decimals")
    return found


def _time(value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        found = parse_datetime(str(value))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise MessageUnreadable(
            f"at: {str(value)[:40]!r} is not a time with its zone, such as 2026-11-25T09:30:00Z"
        )
    return found


def _safe(name: str) -> str:
    """A name as a file may carry it."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name) or "_"
