"""Real threads on real transactions: an item is sold once, a debtor's limit is used once."""

from __future__ import annotations

from functools import partial

import pytest

from invoicing import proofs
from invoicing.factoring.services import NotSellable, send_batch
from invoicing.models import Assignment, AssignmentBatch
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, LegalEntityFactory, make_user
from tests.factories.factoring import approve, make_agreement
from tests.factories.invoicing import AT, day, make_item
from tests.invoicing.test_races import race, raised

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def test_two_lists_race_for_one_item_and_for_the_last_of_a_limit() -> None:
    company = CompanyFactory(code="RACE")
    people = [make_user("receivables_accountant", company) for _place in range(2)]
    make_agreement(company)
    one, other = (
        CustomerAccountFactory(company=company, entity=LegalEntityFactory(siren=siren))
        for siren in ("732829320", "552100554")
    )
    items = []
    for account in (one, other):
        approve(account, "100")
        items += [make_item(account, "60", by=people[0], due=day(9)) for _place in range(2)]
    # The same item twice is one list; of two items that the limit does not carry together one is sold.
    for pair, failures in (((items[0], items[0]), []), ((items[2], items[3]), [NotSellable])):
        acts = [
            partial(send_batch, company=company, item_ids=[item.pk], by=by, at=AT)
            for item, by in zip(pair, people, strict=True)
        ]
        results = race(acts)
        assert raised(results) == failures, results
    assert Assignment.objects.filter(ended_on=None).count() == AssignmentBatch.objects.count() == 2
    assert list(proofs.differences()) == []
