"""Statuses of e-invoices: what may follow what, what each does to the book, what the platform is told."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, InternalError, connection, transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Company, CustomerAccount, User
from invoicing import proofs, services
from invoicing.einvoicing import policy
from invoicing.einvoicing import services as platform
from invoicing.einvoicing.policy import EInvoiceStatus as S
from invoicing.models import DisputedAmount, EInvoice, EInvoiceEvent, Invoice, ReceivableItem
from invoicing.policy import Instalment
from invoicing.queries import items_on
from o2c.shared import work
from o2c.shared.models import AuditEvent, Notice
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from tests.factories.accounts import CompanyFactory, make_user
from tests.factories.invoicing import AT, TODAY, day, make_invoice, make_payment

TOTAL = Decimal("100.00")


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.EINVOICING_FOLDER = tmp_path
    (tmp_path / "in").mkdir()
    return tmp_path


@pytest.fixture
def invoice(account: CustomerAccount, accountant: User) -> Invoice:
    return make_invoice(account, "100", by=accountant, number="F1")


def say(invoice: Invoice, status: S, by: User | None, **fields: Any) -> EInvoiceEvent:
    return platform.record_status(invoice_id=invoice.pk, status=status, by=by, at=AT, **fields)


def disputed(account: CustomerAccount) -> dict[int, Decimal]:
    rows = items_on(CustomerAccount.objects.filter(pk=account.pk), on=TODAY)
    return {row.instalment: row.disputed_on for row in rows if row.disputed_on}


def sound(company: Company) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    assert list(proofs.differences(company=company, today=TODAY)) == []


# --- rules ---


def test_ends_are_ends_and_nothing_goes_backwards():
    for status in S:
        found = policy.followers(status)
        assert status not in found or status is S.CASHED
        assert S.REJECTED not in found or status in (S.DEPOSITED, S.ISSUED_BY_PLATFORM)
        assert not (set(policy.TRANSMISSION) & found) or status in policy.TRANSMISSION
    assert policy.followers(S.REFUSED) == policy.followers(S.REJECTED) == frozenset()
    assert policy.followers(S.CASHED) == {S.CASHED, S.PAYMENT_SENT}


@pytest.mark.parametrize(
    ("status", "reason", "amount", "field"),
    [
        (S.DISPUTED, "", None, "reason_code"),
        (S.DISPUTED, "JUSTIF_ABS", None, "reason_code"),
        (S.REFUSED, "PU_ERR", None, "reason_code"),
        (S.APPROVED, "PU_ERR", None, "reason_code"),
        (S.APPROVED, "", Decimal(10), "amount"),
        (S.DISPUTED, "PU_ERR", Decimal(0), "amount"),
        (S.DISPUTED, "PU_ERR", Decimal("100.01"), "amount"),
        (S.PARTIALLY_APPROVED, "", Decimal(-1), "amount"),
    ],
)
def test_a_reason_and_an_amount_fit_their_status(status: S, reason: str, amount: Decimal | None, field: str):
    with pytest.raises(Invalid) as refused:
        policy.check_status(status, after=S.DEPOSITED, reason_code=reason, amount=amount, total=TOTAL)
    assert field in refused.value.errors


def test_every_reason_has_words_and_what_disputes_has_a_type():
    known = {code for codes in policy.REASONS.values() for code in codes}
    assert known <= set(policy.REASON_WORDS)
    assert policy.REASONS[S.DISPUTED] | policy.REASONS[S.SUSPENDED] <= set(policy.DISPUTE_TYPE)


_CENTS = st.decimals(min_value="0.01", max_value=99999, places=2)


@given(
    amount=st.decimals(min_value=-99999, max_value=99999, places=2),
    lines=st.lists(st.tuples(st.sampled_from(["20", "10", "5.5", "0"]), _CENTS), min_size=1, max_size=6),
)
def test_the_parts_of_a_receipt_are_the_receipt(amount: Decimal, lines: list[tuple[str, Decimal]]):
    rows = [(Decimal(rate), net) for rate, net in lines]
    total = sum(row.base + row.vat for row in policy.vat_totals((Decimal(1), n, r) for r, n in rows).by_rate)
    parts = policy.vat_of_receipt(amount, Decimal(total), rows)
    assert sum(Decimal(part["base"]) + Decimal(part["vat"]) for part in parts) == amount
    assert len(parts) == len({rate for rate, _net in rows})


# --- acts ---


@pytest.mark.django_db
def test_only_sales_administration_and_bookkeeping_note_a_status(invoice: Invoice, company: Company):
    for role in ("sales", "credit_manager", "auditor", "finance_director"):
        with pytest.raises((NotAllowed, NotFound)):
            say(invoice, S.APPROVED, make_user(role, company))
    far = make_user("receivables_accountant", CompanyFactory(code="FAR"))
    with pytest.raises(NotFound):
        say(invoice, S.APPROVED, far)
    assert not EInvoiceEvent.objects.exists()


@pytest.mark.django_db
def test_a_disputed_status_contests_what_it_names_the_oldest_part_first(
    account: CustomerAccount, accountant: User, company: Company
):
    parts = [Instalment(day(-5), Decimal(60)), Instalment(day(20), Decimal(40))]
    invoice = make_invoice(account, "100", by=accountant, instalments=parts, due=day(20))

    event = say(invoice, S.DISPUTED, accountant, reason_code="QTE_ERR", amount=Decimal(70))

    assert disputed(account) == {1: Decimal(60), 2: Decimal(10)}
    assert len(event.disputed) == 2
    sound(company)


@pytest.mark.django_db
def test_without_an_amount_all_that_is_open_is_contested_and_approval_ends_it(
    invoice: Invoice, account: CustomerAccount, accountant: User, company: Company
):
    paid = make_payment(account, "30", by=accountant)
    item = ReceivableItem.objects.get(invoice=invoice)
    services.allocate_payment(payment_id=paid.pk, items=[(item.pk, Decimal(30))], by=accountant, at=AT)

    say(invoice, S.REFUSED, None, reason_code="CMD_ERR")
    assert disputed(account) == {1: Decimal(70)}
    with pytest.raises(policy.StatusImpossible):
        say(invoice, S.APPROVED, accountant)

    other = make_invoice(account, "50", by=accountant, number="F2")
    own = ReceivableItem.objects.get(invoice=other)
    services.dispute_amount(item_id=own.pk, amount=Decimal(5), on=TODAY, by=accountant, at=AT)
    say(other, S.DISPUTED, accountant, reason_code="PU_ERR")
    say(other, S.PARTIALLY_APPROVED, accountant, amount=Decimal(40))
    # What a person noted stays; of the rest, ten were not approved.
    assert sum(row.amount for row in own.disputed_amounts.filter(effective_to=None)) == Decimal(15)
    say(other, S.APPROVED, accountant)
    assert sum(row.amount for row in own.disputed_amounts.filter(effective_to=None)) == Decimal(5)
    sound(company)


@pytest.mark.django_db
def test_a_message_is_heard_once_and_not_otherwise(invoice: Invoice, accountant: User):
    first = say(invoice, S.DISPUTED, None, reason_code="PU_ERR", external_id="M1")
    assert say(invoice, S.DISPUTED, None, reason_code="PU_ERR", external_id="M1") == first
    with pytest.raises(platform.SaidOtherwise):
        say(invoice, S.APPROVED, None, external_id="M1")
    assert EInvoiceEvent.objects.count() == 1
    assert AuditEvent.objects.filter(action="einvoice.status").count() == 1


@pytest.mark.django_db
def test_a_credit_note_lives_on_the_platforms_and_contests_nothing(
    account: CustomerAccount, accountant: User
):
    note = make_invoice(account, "-10", by=accountant)
    say(note, S.DEPOSITED, accountant)
    event = say(note, S.DISPUTED, None, reason_code="PU_ERR", amount=Decimal(10))
    assert event.disputed == []
    with pytest.raises(policy.StatusImpossible):
        say(note, S.CASHED, accountant)
    with pytest.raises(Invalid):
        say(note, S.PARTIALLY_APPROVED, None, reason_code="PU_ERR", amount=Decimal("10.01"))
    say(note, S.REFUSED, None, reason_code="DOUBLON")
    assert not DisputedAmount.objects.exists()
    assert policy.followers(None, is_credit=True) == policy.followers(None) - policy.OF_MONEY


@pytest.mark.django_db
def test_the_database_keeps_what_was_said(invoice: Invoice, accountant: User):
    event = say(invoice, S.DISPUTED, accountant, reason_code="PU_ERR", external_id="M1")
    for change in (
        lambda: EInvoiceEvent.objects.filter(pk=event.pk).update(reason_code="QTE_ERR"),
        lambda: EInvoiceEvent.objects.filter(pk=event.pk).delete(),
    ):
        with pytest.raises(InternalError), transaction.atomic():
            change()
    blank = {"invoice": invoice, "happened_at": AT, "recorded_at": AT}
    for fields in (
        {"status": S.REFUSED},
        {"status": S.DISPUTED, "reason_code": "PU_ERR", "amount": -1},
        {"status": S.DISPUTED, "reason_code": "PU_ERR", "external_id": "M1"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            EInvoiceEvent.objects.create(**blank, **fields)


@pytest.mark.django_db
def test_sales_administration_and_the_rep_are_told_of_what_is_contested(
    invoice: Invoice, accountant: User, company: Company, account: CustomerAccount, rep: User
):
    adv = make_user("adv_officer", company)
    say(invoice, S.DISPUTED, accountant, reason_code="QTE_ERR", comment="two pallets")
    work.drain()
    told = Notice.objects.filter(kind="einvoice.disputed")
    assert {notice.user for notice in told} >= {adv}
    assert accountant not in {notice.user for notice in told}
    say(invoice, S.APPROVED, accountant)
    work.drain()
    assert Notice.objects.filter(kind__startswith="einvoice").count() == told.count()


# --- receipts ---


@pytest.mark.django_db
def test_money_on_an_invoice_on_the_platform_is_reported_and_taken_back(
    account: CustomerAccount, accountant: User, folder: Path
):
    unknown = make_invoice(account, "40", by=accountant, number="F0")
    invoice = make_invoice(account, "100", by=accountant, number="F/1")
    say(invoice, S.DEPOSITED, accountant)
    paid = make_payment(account, "140", by=accountant)
    pairs = [
        (ReceivableItem.objects.get(invoice=each).pk, each.total_incl_vat) for each in (unknown, invoice)
    ]
    made = services.allocate_payment(payment_id=paid.pk, items=pairs, by=accountant, at=AT)
    work.drain()
    services.unallocate(allocation_id=made[1].pk, by=accountant, at=AT)
    work.drain()

    sent = [json.loads(path.read_text()) for path in sorted(folder.rglob("*.json"))]
    assert [(row["invoice"], row["code"], row["amount"]) for row in sent] == [
        ("F/1", 212, "100.00"),
        ("F/1", 212, "-100.00"),
    ]
    assert EInvoiceEvent.objects.filter(outgoing=True, sent_at=None).count() == 0
    # The same work once more reports nothing twice.
    assert platform.report_receipts(work=None, allocation_ids=[row.pk for row in made]) == {"reported": 0}
    assert EInvoice.objects.get().status == S.CASHED


@pytest.mark.django_db
def test_an_invoice_is_deposited_once(invoice: Invoice, accountant: User, folder: Path, company: Company):
    with pytest.raises(platform.NotOnPlatforms):
        platform.deposit(invoice_id=invoice.pk, content=b"<x/>", by=accountant, at=AT)
    assert not list(folder.rglob("*.xml"))


# --- the folder ---


def drop(folder: Path, name: str, content: bytes | dict[str, Any]) -> None:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    (folder / "in" / name).write_bytes(raw)


@pytest.mark.django_db
def test_the_platform_is_heard_file_by_file(
    invoice: Invoice, company: Company, folder: Path, django_capture_on_commit_callbacks: Any
):
    company.siren = "812740504"
    company.save(update_fields=["siren"])
    good: dict[str, Any] = {
        "seller": company.siren,
        "invoice": "F1",
        "id": 1,
        "code": 207,
        "reason_code": "PU_ERR",
    }
    drop(folder, "1.json", good)
    drop(folder, "2.json", good)  # the same message again
    wrong: tuple[bytes | dict[str, Any], ...] = (
        b"\xff\xfe{",
        b"[" * 90_000,
        b"x" * 200_000,
        b"[]",
        good | {"id": 2, "code": 210, "reason_code": "WHAT"},
        good | {"id": 3, "code": 999},
        good | {"id": 4, "invoice": "NONE"},
        good | {"id": 5, "seller": "000000000"},
        good | {"id": 6, "amount": "1e999"},
        good | {"id": 7, "amount": "NaN"},
        good | {"id": 8, "at": "yesterday"},
        good | {"id": 9, "code": 201},
        {"code": 205},
        good | {"id": {"x": 1}},
        good | {"invoice": "F1\x00"},
    )
    for number, bad in enumerate(wrong):
        drop(folder, f"bad{number:02d}.json", bad)

    # A worker that dies before it has stored what was said leaves every message where it is.
    with transaction.atomic():
        platform.fetch()
        transaction.set_rollback(True)
    assert len(list((folder / "in").iterdir())) == 17
    with django_capture_on_commit_callbacks(execute=True):
        assert platform.fetch() == {"heard": 2, "refused": 15}

    assert EInvoiceEvent.objects.get().external_id == "1"
    assert not list((folder / "in").iterdir())
    said = {path.name: path.read_text() for path in (folder / "refused").glob("*.txt")}
    assert len(said) == 15
    assert "WHAT" in said["bad04.json.txt"]
    assert "NONE" in said["bad06.json.txt"]
    assert platform.fetch() == {"heard": 0, "refused": 0}


# --- API and page ---


@pytest.mark.django_db
def test_the_api_takes_codes_and_names(invoice: Invoice, accountant: User):
    client = Client()
    client.force_login(accountant)
    url = "/api/v1/invoices/F1/status/"
    assert client.get(url).json() == {
        "invoice": "F1", "code": None, "status": None, "reason_code": "", "since": None, "events": [],
    }  # fmt: skip
    for wrong in ({}, {"code": "x"}, {"code": 199}, {"code": True}, {"code": 207}, {"code": [207]}):
        assert client.post(url, wrong, content_type="application/json").status_code == 400
    body = {"code": 207, "reason_code": "QTE_ERR", "amount": "25.00"}
    answer = client.post(url, body, content_type="application/json")
    assert answer.status_code == 200
    assert (answer.json()["code"], answer.json()["events"][0]["amount"]) == (207, "25.00")
    assert client.post(url, body, content_type="application/json").status_code == 409
    named = client.post(url, {"code": "APPROVED"}, content_type="application/json")
    assert named.json()["code"] == 205
    items = client.get("/api/v1/items/").json()["results"]
    assert [row["disputed_amount"] for row in items] == ["0.00"]


@pytest.mark.django_db
def test_the_page_offers_what_may_follow_and_says_what_does_not_fit(invoice: Invoice, accountant: User):
    client = Client()
    client.force_login(accountant)
    page = client.get("/invoicing/platform/F1/")
    assert "207" in page.content.decode()
    missing = client.post("/invoicing/platform/F1/", {"status": "DISPUTED"})
    assert missing.status_code == 422
    done = client.post(
        "/invoicing/platform/F1/", {"status": "REFUSED", "reason_code": "CMD_ERR", "comment": "PO 77"}
    )
    assert done.status_code == 302
    shown = client.get("/invoicing/F1/").content.decode()
    assert "PO 77" in shown
    assert "CMD_ERR" in shown
    # Nothing follows a refusal.
    assert client.get("/invoicing/platform/F1/").status_code == 302
