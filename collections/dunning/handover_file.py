"""The file of a hand-over: statement, every document with its proofs, letters that left, history, in one ZIP."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Final

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from invoicing.bundle.files import bundle
from invoicing.sending.files import pdf
from invoicing.statement import TooLong, own_statement_pdf
from o2c.shared import formats, outbox_files
from o2c.shared import work as work_table
from o2c.shared.calendar import paris_date
from o2c.shared.money import ZERO
from o2c.shared.outbox_files import Attachment, CannotAttach, StillMade
from o2c.shared.pdf import render_pdf

from .models import Call, HandOver, PaymentPlan, PromiseToPay, Reminder
from .queries.handovers import limitation_dates
from .run_tables import step_in_words

ZIP_TYPE: Final = "application/zip"
# Files of documents that are not there after this long will not come: the bundle says which.
_WITHIN: Final = timedelta(hours=2)
_PAUSE: Final = timedelta(seconds=5)
# The same content makes the same file.
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_MOST_EVENTS: Final = 500


def make(*, work: Any, hand_over_id: int) -> dict[str, Any]:
    """Work handler: make the bundle of a hand-over; while files of documents are being made, wait for them."""
    del work
    rows = HandOver.objects.select_for_update(of=("self",), no_key=True).select_related(
        "account__entity", "company"
    )
    found = rows.get(pk=hand_over_id)
    if found.file:
        return {"made": False}
    found.account.company = found.company
    with translation.override("fr"):
        try:
            pieces, missing = _pieces(found)
        except StillMade:
            work_table.add(
                "handovers.bundle", f"handover:{found.pk}", {"hand_over_id": found.pk},
                not_before=timezone.now() + _PAUSE,
            )  # fmt: skip
            return {"made": False}
        name = "-".join((_("hand-over"), found.account.code, f"{found.handed_on}.zip"))
    found.file, found.missing = outbox_files.keep(name, _zipped(pieces), ZIP_TYPE).as_row(), missing
    found.save(update_fields=["file", "missing"])
    return {"made": True, "files": len(pieces), "missing": len(missing)}


def _pieces(found: HandOver) -> tuple[list[tuple[str, bytes]], list[str]]:
    """Names and contents, and the documents without a file.

    :raises StillMade: one of them is on its way
    """
    pieces: list[tuple[str, bytes]] = []
    missing: list[str] = []
    statement, folder, history = _("account statement"), _("documents"), _("history")
    try:
        pieces.append((f"{statement}.pdf", own_statement_pdf(found.account, on=found.handed_on)))
    except TooLong:
        missing.append(statement)
    for row in found.items.select_related("item__invoice").order_by("item__due_date", "item"):
        invoice = row.item.invoice
        try:
            if invoice is None:
                raise CannotAttach(row.item.document)
            pieces.append((f"{folder}/{outbox_files.safe_name(invoice.number)}.pdf", _document(invoice.pk)))
        except StillMade:
            if timezone.now() - found.handed_at < _WITHIN:
                raise
            missing.append(row.item.document)
        except CannotAttach:
            missing.append(row.item.document)
    pieces += _letters(found)
    pieces.append((f"{history}.pdf", _history(found, missing)))
    return pieces, missing


def _document(invoice_id: int) -> bytes:
    """An invoice with its proofs, or the invoice alone where the proofs are too large."""
    try:
        file = bundle(invoice_id)
    except CannotAttach:
        file = pdf(invoice_id)
    return outbox_files.contents([file])[0][1]


def _letters(found: HandOver) -> Iterator[tuple[str, bytes]]:
    """Letters that left about its items: the paper that was kept, else the words of the message."""
    sent = Reminder.objects.filter(
        lines__item__in=found.items.values("item"), sent_at__isnull=False, lines__dropped=""
    )
    folder = _("letters")
    for letter in sent.distinct().order_by("as_of", "pk"):
        name = f"{folder}/{letter.as_of}-{letter.number}"
        if letter.file:
            with letter.file.open("rb") as content:
                yield f"{name}.pdf", content.read()
        elif letter.text:
            yield f"{name}.txt", f"{letter.subject}\n{letter.sent_to}\n\n{letter.text}".encode()


def _history(found: HandOver, missing: Sequence[str]) -> bytes:
    """What is claimed, until when, and what was done so far, on paper."""
    rows = list(found.items.select_related("item__account").order_by("item__due_date", "item"))
    dates = limitation_dates([row.item for row in rows])
    total = sum((row.amount for row in rows), ZERO)
    said = [f"{formats.date_short(day)} · {words}" for day, words in _events(found)]
    paper = {
        "title": _("File of hand-over"),
        "facts": [
            (_("Client"), f"{found.account.name} · {found.account.code}"),
            (_("SIREN"), formats.siren(found.account.siren) or formats.NOTHING),
            (_("Handed over to"), f"{found.recipient} ({found.get_to_display()})"),
            (_("Route"), str(found.get_route_display())),
            (_("On"), formats.date_short(found.handed_on)),
            (_("Reason"), found.reason),
        ],
        "header": [
            (_("Document"), False), (_("Issued"), True), (_("Due"), True), (_("Can be claimed until"), True),
            (_("Amount"), True),
        ],
        "lines": [
            [
                row.item.document, formats.date_short(row.item.issue_date), formats.date_short(row.item.due_date),
                formats.date_short(dates[row.item_id]), formats.amount(row.amount, "fr"),
            ]
            for row in rows
        ],
        "foot": [[_("Total"), "", "", "", formats.money(total, "fr", found.currency)]],
        "control": [*said, *(_("No file: %(document)s") % {"document": name} for name in missing)],
    }  # fmt: skip
    return render_pdf("pdf/report.html", {"company": found.company, "paper": paper}, language="fr")


def _events(found: HandOver) -> list[tuple[Any, str]]:
    """Reminders, calls, promises and plans of the client, the oldest first."""
    account = found.account
    rows: list[tuple[Any, str]] = [
        (letter.as_of, step_in_words(letter.number, letter.channel) + _number(letter.registered_number))
        for letter in Reminder.objects.filter(account=account, sent_at__isnull=False)
    ]
    rows += [
        (paris_date(call.made_at), " · ".join((_("Call"), str(call.get_outcome_display()))))
        for call in Call.objects.filter(account=account)
    ]
    rows += [
        (paris_date(promise.taken_at), _money(_("Promise"), promise, str(promise.get_status_display())))
        for promise in PromiseToPay.objects.filter(account=account)
    ]
    rows += [
        (plan.signed_on, _money(_("Payment plan"), plan, str(plan.get_status_display())))
        for plan in PaymentPlan.objects.filter(account=account, signed_on__isnull=False)
    ]
    return sorted(rows, key=lambda row: row[0])[-_MOST_EVENTS:]


def _money(what: str, row: Any, status: str) -> str:
    return f"{what} · {formats.money(row.amount, 'fr', row.currency)} · {status}"


def _number(registered: str) -> str:
    return f" · {registered}" if registered else ""


def _zipped(pieces: Sequence[tuple[str, bytes]]) -> bytes:
    target, taken = io.BytesIO(), dict[str, int]()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in pieces:
            taken[name] = taken.get(name, 0) + 1
            stem, dot, ending = name.rpartition(".")
            unique = name if taken[name] == 1 else f"{stem}-{taken[name]}{dot}{ending}"
            archive.writestr(zipfile.ZipInfo(unique, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def file_of(found: HandOver) -> Attachment | None:
    """The bundle, where it is made."""
    return Attachment(**found.file) if found.file else None
