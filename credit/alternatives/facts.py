"""What the applications that know the book tell the simulator, by ``settings.CREDIT_FACTS``."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple


class ExpectedMoney(NamedTuple):
    """Money a client is expected to pay, in the currency of what it pays.

    :ivar ref: key of the open item; empty for orders not invoiced yet
    :ivar document: number to show; empty where the reader may not see the document
    :ivar day: when it is expected; None of what is not
    :ivar contested: that part of it is disputed: nobody is asked to pay it early
    :ivar planned: an instalment of a payment plan: it is agreed already
    :ivar enters_on: the day from which it is in the exposure: an order beyond the horizon; None of what is in it
    """

    account_id: int
    ref: str
    document: str
    currency: str
    amount: Decimal
    due_date: date
    day: date | None
    contested: bool = False
    planned: bool = False
    enters_on: date | None = None
