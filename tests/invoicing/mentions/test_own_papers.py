"""The portal's own papers under the same rules: nothing that the law asks for is missing, and nothing is doubtful."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import Company, CustomerAccount, User
from invoicing import services
from invoicing.enums import Origin
from invoicing.facturx.document import document_of
from invoicing.facturx.page import invoice_html
from invoicing.mentions import policy, reading
from invoicing.mentions.enums import Found, Paper, Weight
from invoicing.mentions.queries import ours
from invoicing.mentions.rules import MENTIONS
from o2c.shared.pdf_engine import draw
from orders.delivery_paper import delivery_note_pdf
from orders.models import Delivery
from orders.paper import quotation_pdf
from tests.factories.accounts import make_user
from tests.factories.invoicing import AT, TODAY, line, make_confirmed_order
from tests.factories.orders import quoted
from tests.invoicing.facturx.conftest import account, company

__all__ = ["account", "company"]

pytestmark = pytest.mark.django_db

# Of what depends on the case or is advised only: our papers leave it out where it does not apply.
MAY_LACK = {
    Paper.INVOICE: {"VAT_ON_DEBITS", "EXEMPTION", "DELIVERY_ADDRESS", "SUPPLY_DATE", "PURCHASE_ORDER"},
    Paper.QUOTATION: {"PENALTIES", "RECOVERY_FEE", "TERMS_NAMED", "DELIVERY_TIME", "VAT_NUMBER"},
    Paper.DELIVERY_NOTE: {"DELIVERY_ADDRESS", "PURCHASE_ORDER"},
}


@pytest.fixture
def adv(company: Company) -> User:
    return make_user("adv_manager", company)


def _check(content: bytes, paper: Paper, company: Company) -> None:
    words = [(each.place, each.number, each.text) for each in reading.read(content)]
    rows = policy.check(words, MENTIONS, paper, ours(company, on=TODAY))
    doubtful = {row.mention.code: str(row.doubt) for row in rows if row.found is Found.DOUBTFUL}
    missing = {row.mention.code for row in rows if row.found is Found.MISSING}
    assert not doubtful
    assert not {row.mention.code for row in rows if row.weight is Weight.MUST} & missing
    assert missing <= MAY_LACK[paper]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_an_invoice(language: str, account: CustomerAccount, adv: User) -> None:
    account.language = language
    account.save()
    invoice = services.record_invoice(
        company=account.company, account=account, issue_date=TODAY, lines=[line()], origin=Origin.ISSUED, by=adv, at=AT
    )  # fmt: skip
    _check(draw(invoice_html(document_of(invoice))), Paper.INVOICE, account.company)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_quotation(language: str, account: CustomerAccount, adv: User) -> None:
    account.language = language
    account.save()
    _check(quotation_pdf(quoted(account, "1200", by=adv)), Paper.QUOTATION, account.company)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_delivery_note(language: str, account: CustomerAccount, adv: User) -> None:
    account.language = language
    account.save()
    order = make_confirmed_order(account, by=adv)
    row = Delivery.objects.create(
        order=order,
        number=f"{order.number}-L1",
        delivered_on=TODAY,
        recorded_by=adv,
        recorded_at=timezone.now(),
    )
    row.lines.create(order_line=order.lines.get(), quantity=Decimal(4))
    _check(delivery_note_pdf(row), Paper.DELIVERY_NOTE, account.company)
