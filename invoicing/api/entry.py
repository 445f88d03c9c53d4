"""Entering documents and payments from bodies: what a single POST, a batch and its pieces do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from functools import cache
from itertools import groupby
from typing import Any

from django.db import connection, transaction
from rest_framework import serializers

from accounts.api.base import AccountUnknown, account_of
from accounts.models import Company, CustomerAccount, User
from accounts.services import Effect
from invoicing import services
from invoicing.enums import Origin
from invoicing.models import Invoice, Payment
from invoicing.services import DocumentRow, KeyTaken, PaymentRow, Verdict
from o2c.shared.api.bodies import body_hash, read_body
from o2c.shared.api.problems import KeyConflict
from o2c.shared.api.replays import Entered, enter_once
from o2c.shared.locking import Moved, is_collision
from o2c.shared.problems import Refusal
from orders.queries import find_order

from .payment_shapes import PaymentBody
from .serializers import InvoiceBody, instalments, line_inputs

# What became of one document of a batch: what was entered, or why not.
Outcome = Entered | Exception


def enter_invoice(
    document: Any, *, company: Company, by: User, at: datetime, acknowledged: Collection[str] = ()
) -> Entered:
    """Issue or take over a document, or find the one that the same body made before.

    :param acknowledged: codes of anomalies that only ask, and that whoever issues it has seen
    """
    body = read_body(InvoiceBody, document)
    account = account_of(by, company, body["account"])
    order = find_order(by, company, body["order"]) if body.get("order") else None
    number, hashed = body.get("number"), body_hash(body)
    taken = Invoice.objects.filter(company=company, number=number)
    return enter_once(
        find=lambda: taken.first() if number else None,
        create=lambda: services.record_invoice(
            company=company,
            account=account,
            order=order,
            lines=line_inputs(body.get("lines")),
            instalments=instalments(body.get("instalments")),
            creation_hash=hashed,
            acknowledged=acknowledged,
            by=by,
            at=at,
            **{k: v for k, v in body.items() if k not in {"account", "order", "lines", "instalments"}},
        ),
        body_hash=hashed,
    )


def enter_payment(document: Any, *, company: Company, by: User, at: datetime) -> Entered:
    """Record a payment, or find the one that the same body made before."""
    body = read_body(PaymentBody, document)
    order = find_order(by, company, body["order"]) if body.get("order") else None
    account = account_of(by, company, body["account"]) if body.get("account") else None
    owner = account or (order.account if order else None)
    hashed = body_hash(body)
    return enter_once(
        find=lambda: Payment.objects.filter(company=company, external_id=body["external_id"]).first(),
        create=lambda: services.record_payment(
            company=company,
            account=account,
            order=order,
            received_on=body["date"],
            currency=body.get("currency") or (owner.currency if owner else company.currency),
            creation_hash=hashed,
            by=by,
            at=at,
            **{k: v for k, v in body.items() if k not in {"account", "order", "date", "currency"}},
        ),
        body_hash=hashed,
    )


def enter_invoices(
    documents: Sequence[Any], *, company: Company, by: User, at: datetime
) -> Iterable[Outcome]:
    """Enter many documents in their order: those issued elsewhere together, the others one by one."""

    def together(bodies: Sequence[Mapping[str, Any]]) -> Iterable[Outcome]:
        accounts = _accounts(bodies, company, by)
        rows = [document_row(body, accounts) for body in bodies]
        known = [row for row in rows if isinstance(row, DocumentRow)]
        return _merged(rows, services.enter_documents(company=company, rows=known, by=by, at=at))

    def alone(document: Any) -> Entered:
        return enter_invoice(document, company=company, by=by, at=at)

    return _in_order(_read(InvoiceBody, documents), documents, _stands_alone, together, alone)


def enter_payments(
    documents: Sequence[Any], *, company: Company, by: User, at: datetime
) -> Iterable[Outcome]:
    """Record many payments in their order: those that nothing is matched with together, the others one by one."""

    def together(bodies: Sequence[Mapping[str, Any]]) -> Iterable[Outcome]:
        accounts = _accounts(bodies, company, by)
        rows = [payment_row(body, accounts, company) for body in bodies]
        known = [row for row in rows if isinstance(row, PaymentRow)]
        return _merged(rows, services.enter_payments(company=company, rows=known, by=by, at=at))

    def alone(document: Any) -> Entered:
        return enter_payment(document, company=company, by=by, at=at)

    return _in_order(_read(PaymentBody, documents), documents, _matches_or_pays_ahead, together, alone)


def _stands_alone(body: Mapping[str, Any]) -> bool:
    """Whether a document takes a number of a series, or counts on an order: such are entered one by one."""
    return body["origin"] != Origin.IMPORTED or bool(body.get("order"))


def _matches_or_pays_ahead(body: Mapping[str, Any]) -> bool:
    return bool(body["match"] or body.get("order"))


def document_row(
    body: Mapping[str, Any], accounts: Mapping[str, CustomerAccount]
) -> DocumentRow | AccountUnknown:
    """A body as the set-based act takes it; the refusal where its client is nobody's to see."""
    account = accounts.get(body["account"])
    if account is None:
        return AccountUnknown()
    return DocumentRow(
        account=account,
        number=body["number"],
        issue_date=body["issue_date"],
        due_date=body.get("due_date"),
        term=body.get("term") or "",
        currency=body.get("currency") or "",
        total_incl_vat=body.get("total_incl_vat"),
        customer_reference=body["customer_reference"],
        lines=line_inputs(body.get("lines")) or (),
        instalments=instalments(body.get("instalments")) or (),
        creation_hash=body_hash(body),
    )


def payment_row(
    body: Mapping[str, Any], accounts: Mapping[str, CustomerAccount], company: Company
) -> PaymentRow | AccountUnknown:
    """The same for a payment; without a client it stays unidentified."""
    account = accounts.get(body["account"]) if body.get("account") else None
    if account is None and body.get("account"):
        return AccountUnknown()
    return PaymentRow(
        account=account,
        external_id=body["external_id"],
        received_on=body["date"],
        amount=body["amount"],
        currency=body.get("currency") or (account.currency if account else company.currency),
        method=body["method"],
        reference=body["reference"],
        payer_name=body["payer_name"],
        payer_iban=body["payer_iban"],
        creation_hash=body_hash(body),
    )


@cache
def _reader(shape: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """A serializer made once: making one copies all its fields, which takes longer than reading a body."""
    return shape()


def _read(
    shape: type[serializers.Serializer[Any]], documents: Sequence[Any]
) -> list[dict[str, Any] | serializers.ValidationError]:
    reader, read = _reader(shape), []
    for document in documents:
        try:
            read.append(reader.run_validation(document))
        except serializers.ValidationError as error:
            read.append(error)
    return read


def _accounts(bodies: Sequence[Mapping[str, Any]], company: Company, by: User) -> dict[str, CustomerAccount]:
    codes = {body["account"] for body in bodies if body.get("account")}
    seen = CustomerAccount.objects.visible_to(by, company).filter(code__in=codes)
    return {account.code: account for account in seen}


def _in_order(
    bodies: Sequence[dict[str, Any] | serializers.ValidationError],
    documents: Sequence[Any],
    is_alone: Callable[[Mapping[str, Any]], bool],
    together: Callable[[Sequence[Mapping[str, Any]]], Iterable[Outcome]],
    alone: Callable[[Any], Entered],
) -> Iterable[Outcome]:
    """Enter runs of alike documents, so that of two with one number the first in the list wins."""
    index = 0

    def manner(body: dict[str, Any] | serializers.ValidationError) -> str:
        if isinstance(body, Exception):
            return "refused"
        return "alone" if is_alone(body) else "together"

    for name, run in groupby(bodies, key=manner):
        found = list(run)
        originals = documents[index : index + len(found)]
        index += len(found)
        if name == "refused":
            yield from (body for body in found if isinstance(body, Exception))
            continue
        if name == "together":
            try:
                yield from list(together([body for body in found if not isinstance(body, Exception)]))
                continue
            except Exception as error:
                if isinstance(error, Moved) or is_collision(error):
                    raise
                # Refused as a whole: one by one each says for itself what is wrong with it.
        for document in originals:
            yield _tried(alone, document)


def _tried(enter: Callable[[Any], Entered], document: Any) -> Outcome:
    """Enter one document; where others are entered in the same transaction, its refusal undoes nothing of theirs."""
    within = connection.in_atomic_block
    try:
        # On its own each act is the outermost, and starts over by itself when it collides.
        with transaction.atomic() if within else nullcontext():
            return enter(document)
    except Exception as error:
        if within and (isinstance(error, Moved) or is_collision(error)):
            raise  # the whole piece starts over
        return error


def _merged(rows: Sequence[Any], verdicts: Sequence[Verdict]) -> Iterable[Outcome]:
    """What became of each row, those that never reached the act included."""
    said = iter(verdicts)
    for row in rows:
        if isinstance(row, Exception):
            yield row
            continue
        verdict = next(said)
        if isinstance(verdict, KeyTaken):
            yield KeyConflict()
        elif isinstance(verdict, Refusal):
            yield verdict
        else:
            yield Entered(None, verdict is Effect.CREATED)
