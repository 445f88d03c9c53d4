"""Real threads: a document sent twice at once leaves once."""

from __future__ import annotations

from functools import partial

import pytest
from django.utils import timezone

from accounts.models import User
from invoicing.models import DocumentMail
from invoicing.sending import services
from o2c.shared.models import OutboxMessage
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import line
from tests.invoicing.facturx.test_documents import issued
from tests.invoicing.test_races import race, raised

from .conftest import contact, with_file

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def accountant() -> User:
    return make_user("receivables_accountant", CompanyFactory(code="RACE"))


def test_two_hands_on_the_button_send_once(accountant: User) -> None:
    account = CustomerAccountFactory(company=accountant.home_company)
    contact(account, "billing@client.test")
    for turn in range(1, 4):
        invoice = with_file(issued(account, line(), by=accountant))
        act = partial(
            services.send_document, invoice_id=invoice.pk, again=True, by=accountant, at=timezone.now()
        )
        results = race([act] * 4)
        assert raised(results) == [services.SentAlready] * 3
        assert OutboxMessage.objects.count() == DocumentMail.objects.count() == turn
