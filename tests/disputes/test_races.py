"""Real threads: one open amount is disputed once, and numbers follow each other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, connections

from disputes import policy, proofs
from disputes.models import Dispute
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_invoice

from .build import opened

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def test_two_people_dispute_one_amount_at_once():
    company = CompanyFactory(code="RACE")
    accountant = make_user("receivables_accountant", company)
    account = CustomerAccountFactory(company=company)
    for _ in range(3):
        invoice = make_invoice(account, "100.00", by=accountant)
        start = Barrier(3)

        def run(_number: int, invoice=invoice, start=start) -> object:
            try:
                connection.ensure_connection()
                start.wait()
                return opened(invoice, "60.00", by=accountant)
            except Exception as error:
                return error
            finally:
                connections.close_all()

        with ThreadPoolExecutor(3) as pool:
            results = list(pool.map(run, range(3)))

        refused = [type(each) for each in results if isinstance(each, Exception)]
        assert refused == [policy.DisputedTwice] * 2, results
    numbers = sorted(Dispute.objects.values_list("number", flat=True))
    assert [number[-4:] for number in numbers] == ["0001", "0002", "0003"]
    assert list(proofs.differences()) == []
