"""The statement of account: what is open on a day, whole or not at all."""

from __future__ import annotations

import re
import subprocess
from datetime import date
from pathlib import Path

import pytest

from accounts.models import CustomerAccount, User
from invoicing import lists
from invoicing.statement import NotWhole, statement_context, statement_pdf
from tests.factories.accounts import CustomerAccountFactory, LegalEntityFactory, make_user
from tests.factories.factoring import approve, make_agreement, sell
from tests.factories.invoicing import TODAY, day, make_confirmed_order, make_invoice, make_item, make_payment

pytestmark = pytest.mark.django_db


def words_of(pdf: bytes, tmp_path: Path) -> str:
    path = tmp_path / "statement.pdf"
    path.write_bytes(pdf)
    found = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True)
    return re.sub("[\u00a0\u202f]", " ", found.stdout.decode())


def test_it_shows_what_is_open(account: CustomerAccount, accountant: User, tmp_path: Path) -> None:
    late = make_invoice(account, "1234.56", by=accountant)
    make_invoice(account, "100.00", by=accountant, due=day(20), issued=day(-5))
    make_payment(account, "50.00", by=accountant)
    words = words_of(statement_pdf(account, on=TODAY, reader=accountant), tmp_path)
    for part in (late.number, "1 234,56 €", "30 j", "−50,00 €", "1 284,56 €", account.name):
        assert part in words


def test_a_past_day_shows_that_day(account: CustomerAccount, accountant: User) -> None:
    make_invoice(account, "100.00", by=accountant)
    before = lists.open_items(accountant, account.company, day(-90)).filter(account=account)
    found = statement_context(account, list(before), on=day(-90), language="en")
    assert found["lines"] == []
    assert found["totals"][0]["total"] == "€0.00"


def test_what_is_sold_is_paid_to_the_factor(
    account: CustomerAccount, accountant: User, tmp_path: Path
) -> None:
    account.entity = LegalEntityFactory(siren="732829320")
    account.save(update_fields=["entity"])
    make_agreement(account.company, is_notified=True)
    approve(account)
    sold, ours = (make_item(account, amount, by=accountant) for amount in ("100.00", "30.00"))
    sell(sold, by=accountant)
    words = " ".join(words_of(statement_pdf(account, on=TODAY, reader=accountant), tmp_path).split())
    assert words.count("à payer à Factor SA") == 1
    assert "100,00 € est cédé à Factor SA" in words
    assert "FR76 3000 6000 0112 3456 7890 189" in words
    assert ours.document in words
    assert "130,00 €" in words  # the balance stays whole
    before = statement_context(account, [], on=day(-1), language="fr")
    assert before["payees"] == []


def test_it_is_whole_or_not_at_all(account: CustomerAccount, accountant: User, rep: User) -> None:
    from accounts.enums import TeamRole
    from accounts.models import TeamMember

    colleague = make_user("sales", account.company)
    TeamMember.objects.create(account=account, user=rep, role=TeamRole.SALES_REP, valid_from=date(2020, 1, 1))
    order = make_confirmed_order(account, by=colleague)
    order.sales_rep = colleague
    order.save()
    make_invoice(account, "100.00", by=accountant, order=order)
    with pytest.raises(NotWhole):
        statement_pdf(account, on=TODAY, reader=rep)


def test_the_api_gives_it_to_who_sees_the_client(client, account: CustomerAccount, accountant: User) -> None:
    client.force_login(accountant)
    answer = client.get(f"/api/v1/accounts/{account.code}/statement/?company=TEST")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    other = CustomerAccountFactory()
    assert client.get(f"/api/v1/accounts/{other.code}/statement/?company=TEST").status_code == 404
    assert client.get(f"/api/v1/accounts/{account.code}/statement/?company=TEST&as_of=x").status_code == 400
