"""Entering one order from a body: what a single POST and a batch both do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.api.base import account_of
from accounts.models import Company, User
from o2c.shared.api.bodies import body_hash, read_body
from o2c.shared.api.replays import Entered, enter_once
from o2c.shared.locking import retrying
from orders import services
from orders.models import Order

from .serializers import OrderBody, line_inputs


def enter_order(document: Any, *, company: Company, by: User, at: datetime) -> Entered:
    """Enter an order, or find the one that the same body made before."""
    body = read_body(OrderBody, document)
    account = account_of(by, company, body["account"])
    hashed = body_hash(body)
    return enter_once(
        find=lambda: Order.objects.filter(company=company, number=body["number"]).first(),
        create=lambda: _enter(
            submit=body["submit"],
            company=company,
            account=account,
            lines=line_inputs(body["lines"]),
            creation_hash=hashed,
            by=by,
            at=at,
            **{k: v for k, v in body.items() if k not in {"account", "lines", "submit"}},
        ),
        body_hash=hashed,
    )


@retrying
def _enter(*, submit: bool, by: User, at: datetime, **fields: Any) -> Order:
    """Both or neither: who sends an order to the check does not want a draft left behind."""
    with transaction.atomic():
        order = services.create_order(by=by, at=at, **fields)
        return services.submit(order_id=order.pk, by=by, at=at) if submit else order
