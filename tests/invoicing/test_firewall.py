"""The anomaly firewall: what is found, what stops an invoice, what it is issued with, who decides that."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, InternalError, transaction
from django.test import Client

from accounts.models import Company, CustomerAccount, User
from invoicing import services
from invoicing.einvoicing.policy import EInvoiceStatus
from invoicing.einvoicing.services import record_status
from invoicing.firewall.gate import AnomaliesFound
from invoicing.firewall.policy import (
    DEFAULTS,
    DISPUTE_TYPE,
    REMEDIES,
    Anomaly,
    InvoiceFacts,
    LineFacts,
    Severity,
    anomalies,
    judge,
)
from invoicing.firewall.services import set_rules
from invoicing.models import AnomalyRule, Invoice, InvoiceAnomaly, NumberSeries
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed
from orders.models import Order
from tests.factories.accounts import make_user
from tests.factories.invoicing import AT, TODAY, day, line, make_confirmed_order

RIGHT = InvoiceFacts(
    country="FR",
    siren="732829320",
    vat_number="FR44732829320",
    has_address=True,
    total=Decimal("120"),
    vat=Decimal("20"),
    customer_reference="PO-1",
    lines=(LineFacts(1, Decimal(2), Decimal("50"), Decimal("20.00"), Decimal("50.0000"), Decimal(2)),),
)


def codes(**changes: Any) -> list[str]:
    return [found.code.value for found in anomalies(replace(RIGHT, **changes))]


def test_a_complete_invoice_has_none():
    assert codes() == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"missing_of_seller": ["siren"]}, "SELLER_FACTS_MISSING"),
        ({"has_address": False}, "ADDRESS_MISSING"),
        ({"siren": ""}, "SIREN_MISSING"),
        ({"siren": "732829321"}, "SIREN_MISSING"),
        ({"vat_number": "FR45732829320"}, "VAT_NUMBER_MISSING"),
        ({"country": "DE", "siren": "", "vat_number": "", "vat": Decimal(0)}, "VAT_NUMBER_MISSING"),
        ({"wants_reference": True, "customer_reference": " "}, "PURCHASE_ORDER_MISSING"),
        ({"differences": 2}, "PURCHASE_ORDER_DIFFERS"),
        ({"is_delivered": False}, "NOT_DELIVERED"),
        ({"twins": ["FA2026-1"]}, "POSSIBLE_DUPLICATE"),
        ({"has_bank_account": False}, "BANK_DETAILS_MISSING"),
        ({"lines": (replace(RIGHT.lines[0], unit_price=Decimal("50.01")),)}, "PRICE_DIFFERS"),
        ({"lines": (replace(RIGHT.lines[0], left=Decimal("1.999")),)}, "QUANTITY_EXCEEDS"),
        ({"lines": (replace(RIGHT.lines[0], vat_rate=Decimal("19.6")),)}, "VAT_RATE_UNUSUAL"),
    ],
)
def test_each_thing_is_found_alone(changes: dict[str, Any], code: str):
    assert codes(**changes) == [code]


@pytest.mark.parametrize(
    "changes",
    [
        {"vat_number": ""},  # at home the SIREN tells it
        {"country": "DE", "siren": "", "vat_number": "", "vat": Decimal(5)},  # taxed, so nothing is exempt
        {"country": "US", "siren": "", "vat_number": "", "vat": Decimal(0)},
        {"lines": (replace(RIGHT.lines[0], vat_rate=Decimal("5.50")),)},
        {
            "country": "BE",
            "siren": "",
            "vat_number": "BE0",
            "lines": (LineFacts(1, Decimal(1), Decimal(1), Decimal(21)),),
        },
        {"is_delivered": True},
        {"lines": (LineFacts(1, Decimal(9), Decimal(9), Decimal(20)),)},  # of no order
    ],
)
def test_what_is_right_is_left_in_peace(changes: dict[str, Any]):
    assert codes(**changes) == []


def test_every_anomaly_has_a_severity_a_remedy_and_a_dispute():
    assert set(DEFAULTS) == set(REMEDIES) == set(DISPUTE_TYPE) == set(Anomaly)


def test_only_what_is_seen_goes_through_and_a_stop_is_a_stop():
    found = list(anomalies(replace(RIGHT, twins=["F1"], has_address=False, differences=1)))
    rules: dict[str, Severity] = {
        Anomaly.PURCHASE_ORDER_DIFFERS: Severity.BLOCK,
        Anomaly.ADDRESS_MISSING: Severity.OFF,
    }
    seen = {"POSSIBLE_DUPLICATE", "PURCHASE_ORDER_DIFFERS"}
    judged = {row.found.code: row.stops for row in judge(found, rules, seen)}
    assert judged == {Anomaly.PURCHASE_ORDER_DIFFERS: True, Anomaly.POSSIBLE_DUPLICATE: False}


# --- at the gate ---


@pytest.fixture
def order(account: CustomerAccount, accountant: User) -> Order:
    return make_confirmed_order(account, by=accountant, delivered=("10",))


def issue(company: Company, account: CustomerAccount, by: User, **fields: Any) -> Invoice:
    return services.record_invoice(
        company=company, account=account, issue_date=TODAY, origin="issued", by=by, at=AT,
        lines=fields.pop("lines", [line("1", "100")]), **fields,
    )  # fmt: skip


@pytest.mark.django_db
def test_nothing_is_half_done_when_an_invoice_is_stopped(
    company: Company, account: CustomerAccount, accountant: User, order: Order
):
    AnomalyRule.objects.create(company=company, code=Anomaly.BANK_DETAILS_MISSING, severity=Severity.BLOCK)
    with pytest.raises(AnomaliesFound) as refused:
        services.issue_from_order(
            order_id=order.pk, acknowledged=["BANK_DETAILS_MISSING"], by=accountant, at=AT
        )
    told = {row["code"]: row["severity"] for row in refused.value.findings}
    assert told["BANK_DETAILS_MISSING"] == "block"
    assert not Invoice.objects.exists()
    assert not NumberSeries.objects.filter(next_number__gt=1).exists()
    assert not InvoiceAnomaly.objects.exists()
    assert order.lines.get().invoiced == 0


@pytest.mark.django_db
def test_a_twin_asks_first_and_stays_with_the_invoice(
    company: Company, account: CustomerAccount, accountant: User
):
    first = issue(company, account, accountant, customer_reference="PO-7")
    issue(company, account, accountant, customer_reference="PO-8")
    issue(company, account, accountant)
    issue(company, account, accountant)  # without a reference nothing is alike
    with pytest.raises(AnomaliesFound) as refused:
        issue(company, account, accountant, customer_reference="PO-7")
    [twin] = [row for row in refused.value.findings if row["code"] == "POSSIBLE_DUPLICATE"]
    assert twin["figures"] == {"numbers": [first.number]}

    second = issue(
        company, account, accountant, customer_reference="PO-7", acknowledged=["POSSIBLE_DUPLICATE"]
    )
    kept = second.anomalies.get(code="POSSIBLE_DUPLICATE")
    assert (kept.severity, kept.acknowledged_by) == ("warn", accountant)
    told = AuditEvent.objects.filter(action="invoice.issued").latest("pk")
    assert told.after is not None
    assert told.after["acknowledged"] == ["POSSIBLE_DUPLICATE"]
    assert second.anomalies.filter(severity="note", acknowledged_by=None).exists()


@pytest.mark.django_db
def test_lines_are_held_against_those_of_the_order(
    company: Company, account: CustomerAccount, accountant: User, order: Order
):
    lines = [line("11", "101", order_line=1)]
    with pytest.raises(AnomaliesFound) as refused:
        issue(company, account, accountant, order=order, lines=lines)
    stops = {row["code"]: row["place"] for row in refused.value.findings if row["severity"] == "warn"}
    assert stops == {"PRICE_DIFFERS": "lines.1.unit_price", "QUANTITY_EXCEEDS": "lines.1.quantity"}
    made = issue(company, account, accountant, order=order, lines=[line("4", "100", order_line=1)])
    assert made.lines.get().order_line == order.lines.get()
    assert order.lines.get().invoiced == 4


@pytest.mark.django_db
def test_what_is_taken_over_is_not_looked_at(company: Company, account: CustomerAccount, accountant: User):
    AnomalyRule.objects.create(company=company, code=Anomaly.BANK_DETAILS_MISSING, severity=Severity.BLOCK)
    made = services.record_invoice(
        company=company, account=account, number="X", issue_date=day(-3), due_date=day(3), origin="imported",
        total_incl_vat=Decimal(5), by=accountant, at=AT,
    )  # fmt: skip
    assert not made.anomalies.exists()


@pytest.mark.django_db
def test_the_database_keeps_what_was_seen(company: Company, account: CustomerAccount, accountant: User):
    invoice = issue(company, account, accountant)
    row = invoice.anomalies.first()
    assert row is not None
    for change in (
        lambda: InvoiceAnomaly.objects.update(severity="warn"),
        lambda: InvoiceAnomaly.objects.all().delete(),
    ):
        with pytest.raises(InternalError), transaction.atomic():
            change()
    for wrong in (
        {"severity": "warn"},
        {"severity": "note", "acknowledged_by": accountant},
        {"severity": "block"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            InvoiceAnomaly.objects.create(invoice=invoice, code="X", place="", noted_at=AT, **wrong)


@pytest.mark.django_db
def test_a_dispute_points_back_to_what_was_let_through(
    company: Company, account: CustomerAccount, accountant: User
):
    issue(company, account, accountant, customer_reference="PO-7")
    twin = issue(company, account, accountant, customer_reference="PO-7", acknowledged=["POSSIBLE_DUPLICATE"])
    client = Client(headers={"accept-language": "en"})
    client.force_login(accountant)
    for reason, told in (("PU_ERR", False), ("DOUBLE_FACT", True)):
        record_status(
            invoice_id=twin.pk, status=EInvoiceStatus.DISPUTED, reason_code=reason, by=accountant, at=AT
        )
        page = client.get(f"/invoicing/{twin.number}/").content.decode()
        assert ("known when it was issued: An invoice like this one exists" in page) is told
        record_status(invoice_id=twin.pk, status=EInvoiceStatus.IN_HAND, by=accountant, at=AT)


# --- rules ---


@pytest.mark.django_db
def test_finance_says_what_stops_with_a_reason(company: Company, accountant: User):
    finance = make_user("finance_director", company)
    wanted = {"ADDRESS_MISSING": "block", "SIREN_MISSING": "note"}
    with pytest.raises(NotAllowed):
        set_rules(company=company, severities=wanted, reason="x", by=accountant, at=AT)
    for severities, reason in (({"WHAT": "block"}, "x"), ({"ADDRESS_MISSING": "maybe"}, "x"), (wanted, " ")):
        with pytest.raises(Invalid):
            set_rules(company=company, severities=severities, reason=reason, by=finance, at=AT)
    assert set_rules(company=company, severities=wanted, reason="e-invoicing", by=finance, at=AT) == [
        "ADDRESS_MISSING"
    ]
    assert set_rules(company=company, severities=wanted, reason="e-invoicing", by=finance, at=AT) == []
    assert AuditEvent.objects.get(action="company.anomalies_changed").before == {"ADDRESS_MISSING": "note"}
    set_rules(company=company, severities={"ADDRESS_MISSING": "note"}, reason="back", by=finance, at=AT)
    assert not AnomalyRule.objects.exists()


# --- API and pages ---


@pytest.mark.django_db
def test_the_api_tells_all_and_takes_what_was_seen(
    company: Company, account: CustomerAccount, accountant: User
):
    client = Client()
    client.force_login(accountant)
    body = {
        "account": account.code, "issue_date": TODAY.isoformat(), "customer_reference": "PO-7",
        "lines": [{"description": "A", "quantity": "1", "unit_price": "10"}],
    }  # fmt: skip
    assert client.post("/api/v1/invoices/", body, content_type="application/json").status_code == 201
    refused = client.post("/api/v1/invoices/", body, content_type="application/json")
    assert refused.status_code == 422
    twin = next(row for row in refused.json()["findings"] if row["code"] == "POSSIBLE_DUPLICATE")
    assert twin["severity"] == "warn"
    assert twin["remedy"]
    url = "/api/v1/invoices/?acknowledge=OTHER,POSSIBLE_DUPLICATE"
    assert client.post(url, body, content_type="application/json").status_code == 201
    assert Invoice.objects.count() == 2


@pytest.mark.django_db
def test_the_page_asks_first(company: Company, account: CustomerAccount, accountant: User, order: Order):
    AnomalyRule.objects.create(company=company, code=Anomaly.BANK_DETAILS_MISSING, severity=Severity.WARN)
    client = Client()
    client.force_login(accountant)
    url = f"/invoicing/orders/{order.number}/invoice/"
    asked = client.post(url)
    assert asked.status_code == 422
    assert 'value="BANK_DETAILS_MISSING"' in asked.content.decode()
    done = client.post(url, {"acknowledge": "BANK_DETAILS_MISSING"})
    assert done.status_code == 302
    assert "seen by" in client.get(done["Location"], headers={"accept-language": "en"}).content.decode()


@pytest.mark.django_db
def test_the_rules_have_their_page(company: Company, accountant: User):
    reader, finance = Client(), Client()
    reader.force_login(accountant)
    finance.force_login(make_user("finance_director", company))
    assert '<form class="o-card"' not in reader.get("/invoicing/anomalies/").content.decode()
    chosen = {anomaly.value: "block" for anomaly in Anomaly}
    assert reader.post("/invoicing/anomalies/", chosen | {"reason": "x"}).status_code == 403
    assert finance.post("/invoicing/anomalies/", chosen).status_code == 422
    assert finance.post("/invoicing/anomalies/", chosen | {"reason": "x"}).status_code == 302
    assert AnomalyRule.objects.count() == len(Anomaly)
