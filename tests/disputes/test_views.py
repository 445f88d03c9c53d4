"""The pages of disputes."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Company, User
from disputes import services
from disputes.models import Dispute
from invoicing.models import Invoice
from tests.factories.accounts import make_user

from .build import opened, qualified

pytestmark = pytest.mark.django_db

NOW = timezone.now()


def browser(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def url(dispute: Dispute, name: str = "detail") -> str:
    return reverse(f"disputes:{name}", args=[dispute.number])


def text(answer) -> str:
    return answer.content.decode()


def test_a_dispute_opens_from_the_page_of_the_invoice(invoice: Invoice, adv: User):
    page = browser(adv)
    link = f"{reverse('disputes:open')}?invoice={invoice.number}"
    assert link in text(page.get(reverse("invoicing:detail", args=[invoice.number])))
    assert f'value="{invoice.number}"' in text(page.get(link))

    body = {
        "invoice": invoice.number,
        "type": "PRICE",
        "amount": "250.00",
        "origin": "call",
        "comment": "too dear",
    }
    answer = page.post(reverse("disputes:open"), body, follow=True)
    made = Dispute.objects.get()
    assert (made.amount, made.type, made.description) == (Decimal(250), "PRICE", "too dear")
    assert "too dear" in text(answer)
    assert made.number in text(answer)


def test_what_is_refused_keeps_what_was_typed(invoice: Invoice, adv: User):
    body = {
        "invoice": invoice.number,
        "type": "PRICE",
        "amount": "2500.00",
        "origin": "call",
        "comment": "too dear",
    }
    answer = browser(adv).post(reverse("disputes:open"), body)
    assert answer.status_code == 422
    assert "too dear" in text(answer)
    assert "more cannot be disputed" in text(answer)
    unknown = browser(adv).post(reverse("disputes:open"), body | {"invoice": "nothing"})
    assert "There is no invoice with this number." in text(unknown)


def test_the_whole_way_on_the_page(invoice: Invoice, adv: User, logistics: User, manager: User):
    made = opened(invoice, by=adv, at=NOW)
    at_adv, at_logistics, at_manager = browser(adv), browser(logistics), browser(manager)

    form = {"type": "QUANTITY", "owner": logistics.pk, "version": made.version}
    assert at_adv.post(url(made, "qualify"), form).status_code == 302
    assert "Accept for" in text(at_logistics.get(url(made)))
    assert "Accept for" not in text(at_adv.get(url(made)))
    at_logistics.post(url(made, "accept"), {})
    at_logistics.post(url(made, "wait"), {"waits_for": "client", "comment": "the note"})
    at_logistics.post(url(made, "resume"), {})
    file = SimpleUploadedFile("note.pdf", b"%PDF-1.4 x", "application/pdf")
    at_logistics.post(
        url(made, "comment"), {"text": "we checked", "answers_client": "on", "evidence": [file]}
    )
    at_logistics.post(url(made, "propose"), {"proposal": "credit 100"})
    page = text(at_manager.get(url(made)))
    assert "credit 100" in page
    assert "note.pdf" in page
    evidence = made.evidence.get()
    handed = at_manager.get(reverse("disputes:evidence", args=[made.number, evidence.pk]))
    assert handed["Content-Disposition"].startswith("attachment")

    decision = {"outcome": "CREDIT_NOTE", "amount": "100.00", "root_cause": "PICKING", "reason": "counted"}
    answer = at_manager.post(url(made, "resolve"), decision, follow=True)
    made.refresh_from_db()
    assert (made.status, made.outcome_amount) == ("CLOSED", Decimal(100))
    assert "The dispute is closed." in text(answer)
    at_adv.post(url(made, "reopen"), {"reason": "again"})
    at_adv.post(url(made, "withdraw"), {"reason": "done"})
    made.refresh_from_db()
    assert made.status == "WITHDRAWN"


def test_an_older_version_says_who_was_faster_and_keeps_the_words(
    invoice: Invoice, adv: User, logistics: User, manager: User
):
    made = qualified(invoice, by=adv, owner=logistics, at=NOW)
    services.assign(dispute_id=made.pk, owner=manager, by=adv, at=NOW)
    answer = browser(manager).post(
        url(made, "propose"), {"proposal": "my long thought", "version": made.version}
    )
    assert answer.status_code == 409
    assert "my long thought" in text(answer)
    assert adv.label() in text(answer)


def test_the_list_its_tabs_and_the_board(invoice: Invoice, adv: User, logistics: User):
    mine = qualified(invoice, "10.00", by=adv, owner=logistics, at=NOW)
    other = opened(invoice, "20.00", by=adv, at=NOW)
    page = browser(logistics)

    def numbers(query: str) -> set[str]:
        shown = text(page.get(f"{reverse('disputes:list')}?{query}"))
        return {each.number for each in (mine, other) if each.number in shown}

    both = {mine.number, other.number}
    assert numbers("") == numbers("show=department") == numbers("show=all") == both
    assert numbers("show=mine") == {mine.number}
    assert numbers("show=qualify") == {other.number}
    assert numbers("show=over") == numbers("show=ended") == set()
    assert numbers("q=F-1") == both
    assert numbers("q=nothing-of-it") == set()
    board = text(page.get(f"{reverse('disputes:list')}?view=board"))
    assert 'class="o-board"' in board
    assert url(mine) in board
    assert page.get(f"{reverse('disputes:list')}?export=csv").status_code == 200


def test_several_are_given_to_somebody_at_once(
    invoice: Invoice, adv: User, logistics: User, company: Company
):
    made = [opened(invoice, "10.00", by=adv, at=NOW) for _ in range(3)]
    ids = [each.pk for each in made]
    page = browser(adv)
    asked = page.post(reverse("disputes:assign_many"), {"ids": ids})
    assert "Give 3 disputes to" in text(asked)
    page.post(reverse("disputes:assign_many"), {"ids": ids, "owner": logistics.pk})
    assert set(Dispute.objects.values_list("owner", "status")) == {(logistics.pk, "QUALIFIED")}
    assert browser(make_user("sales", company)).post(reverse("disputes:assign_many"), {}).status_code == 403


def test_a_clients_page_has_its_disputes(invoice: Invoice, adv: User):
    made = opened(invoice, by=adv, at=NOW)
    part = reverse("accounts:part", args=[invoice.account.code, "disputes"])
    assert made.number in text(browser(adv).get(part))
