"""What is read for a lot of payments: whose they may be, and in how many statements."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Company, CustomerAccount, CustomerGroup, User
from invoicing import services
from invoicing.matching import reading
from invoicing.matching.facts import Proposal, Rules, Why
from invoicing.matching.policy import automatic
from invoicing.models import CashDiscount, MatchingRules, PayerLink, Payment
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import AT, day, make_item, make_payment

RULES = Rules(automatic=True)


def proposals(*payments: Payment, reader: User | None = None) -> list[tuple[Proposal, ...]]:
    cases = reading.proposals_for(payments[0].company, [p.pk for p in payments], reader=reader, rules=RULES)
    return [case.proposals for case in cases]


def best(payment: Payment, **options: Any) -> Proposal:
    return proposals(payment, **options)[0][0]


def test_a_mangled_number_tells_whose_an_unidentified_payment_is(
    company: Company, account: CustomerAccount, accountant: User
) -> None:
    owed = make_item(account, "1200", number="FA2026-000123", by=accountant)
    make_item(CustomerAccountFactory(company=company), "1200", number="FA2026-000124", by=accountant)
    found = proposals(
        make_payment(None, "1200", company=company, reference="vir fa 2026/123 merci", by=accountant)
    )[0]
    assert (found[0].account_id, found[0].lines[0].item.key) == (account.pk, owed.pk)
    assert automatic(found, RULES) is found[0]


def test_another_companys_items_do_not_exist(company: Company, accountant: User) -> None:
    elsewhere = CompanyFactory(code="ELSE")
    clerk = make_user("receivables_accountant", elsewhere)
    make_item(CustomerAccountFactory(company=elsewhere), "1200", number="X-10", by=clerk)
    assert proposals(make_payment(None, "1200", company=company, reference="X-10", by=accountant)) == [()]


def test_a_payer_is_known_by_its_bank_account(
    company: Company, account: CustomerAccount, accountant: User
) -> None:
    owed = make_item(account, "830.17", by=accountant)
    payment = make_payment(
        None, "830.17", company=company, payer_iban="FR7630006000011234567890189", by=accountant
    )
    assert best(payment).score < Decimal("0.6")  # an amount alone
    link = PayerLink.objects.create(
        company=company, account=account, iban=payment.payer_iban, seen=2, learned_at=AT
    )
    found = best(payment)
    assert found.lines[0].item.key == owed.pk
    assert found.reasons[-1].figures == {"times": 2}
    link.ended_at, link.ended_by = AT, accountant
    link.save()
    assert Why.PAYER_IBAN not in {reason.why for reason in best(payment).reasons}


def test_a_payer_is_known_by_its_name_whatever_its_form(company: Company, accountant: User) -> None:
    account = CustomerAccountFactory(company=company, name="Menuiseries Kervadec SARL")
    make_item(account, "830.17", by=accountant)
    make_item(CustomerAccountFactory(company=company, name="Boulangerie Martin"), "830.17", by=accountant)
    found = best(
        make_payment(None, "830.17", company=company, payer_name="KERVADEC MENUISERIE", by=accountant)
    )
    assert found.account_id == account.pk
    assert Why.PAYER_NAME in {reason.why for reason in found.reasons}


def test_a_sister_of_the_group_may_pay_and_a_stranger_may_not(
    company: Company, account: CustomerAccount, accountant: User
) -> None:
    sister, stranger = CustomerAccountFactory(company=company), CustomerAccountFactory(company=company)
    group = CustomerGroup.objects.create(code="G", name="G")
    for each in (account, sister):
        each.entity.group = group
        each.entity.save()
    owed = make_item(account, "500", number="FA2026-000200", by=accountant)
    make_item(stranger, "500", number="FA2026-000201", by=accountant)
    found = best(make_payment(sister, "500", reference="FA2026-000200", by=accountant))
    assert (found.account_id, found.lines[0].item.key) == (sister.pk, owed.pk)
    assert proposals(make_payment(sister, "777", reference="FA2026-000201", by=accountant))[0] == tuple(
        each
        for each in proposals(make_payment(sister, "777", reference="FA2026-000201", by=accountant))[0]
        if all(line.item.account_id in {account.pk, sister.pk} for line in each.lines)
    )


def test_a_discount_is_the_clients_own_or_the_companys(
    company: Company, account: CustomerAccount, accountant: User
) -> None:
    issued = {"issued": day(-5), "due": day(25)}
    make_item(account, "1200", number="D-1001", by=accountant, **issued)
    payment = make_payment(account, "1176", reference="D-1001", by=accountant)
    assert best(payment).lines[0].discount == 0
    general = CashDiscount.objects.create(company=company, percent=Decimal(2), days=10)
    assert best(payment).lines[0].discount == Decimal("24.00")
    CashDiscount.objects.create(company=company, account=account, percent=Decimal(3), days=10)
    assert best(payment).lines[0].discount == 0
    assert general.pk


def test_what_is_returned_or_matched_waits_no_longer(account: CustomerAccount, accountant: User) -> None:
    make_item(account, "100", by=accountant)
    taken_back, matched = (
        make_payment(account, by=accountant),
        make_payment(account, match=True, by=accountant),
    )
    services.return_payment(payment_id=taken_back.pk, returned_on=day(0), reason="MD06", by=accountant, at=AT)
    assert proposals(taken_back, matched) == []


def test_a_reader_is_proposed_what_they_see(
    company: Company, account: CustomerAccount, accountant: User, rep: User
) -> None:
    make_item(account, "100", number="FA2026-000009", by=accountant)
    payment = make_payment(account, "100", reference="FA2026-000009", by=accountant)
    assert proposals(payment, reader=accountant)[0]
    assert proposals(payment, reader=rep) == [()]


def test_the_rules_are_the_companys(company: Company) -> None:
    assert reading.rules_of(company) == Rules()
    MatchingRules.objects.create(company=company, is_automatic=True, tolerance=Decimal("0.50"))
    assert reading.rules_of(company) == Rules(automatic=True, tolerance=Decimal("0.50"))


@pytest.mark.parametrize("known", [True, False])
def test_many_payments_ask_as_often_as_one(company: Company, accountant: User, known: bool) -> None:
    payments = []
    for number in range(3):
        account = CustomerAccountFactory(company=company, name=f"Atelier {number}")
        make_item(account, f"10{number}", number=f"FA2026-00020{number}", by=accountant)
        who = {"account": account} if known else {"account": None, "payer_name": f"Atelier {number}"}
        reference = f"FA2026-00020{number}" if known else ""
        payments.append(
            make_payment(amount=f"10{number}", company=company, reference=reference, by=accountant, **who)
        )
    with CaptureQueriesContext(connection) as one:
        assert len(proposals(payments[0])) == 1
    with CaptureQueriesContext(connection) as three:
        assert all(each[0].lines for each in proposals(*payments))
    assert len(three) == len(one)
