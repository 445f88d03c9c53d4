"""Entering one document or payment from a body: what a single POST and a batch both do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from accounts.api.base import account_of
from accounts.models import Company, User
from invoicing import services
from invoicing.models import Invoice, Payment
from o2c.shared.api.bodies import body_hash, read_body
from o2c.shared.api.replays import Entered, enter_once
from orders.queries import find_order

from .serializers import InvoiceBody, PaymentBody, instalments, line_inputs


def enter_invoice(document: Any, *, company: Company, by: User, at: datetime) -> Entered:
    """Issue or take over a document, or find the one that the same body made before."""
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
