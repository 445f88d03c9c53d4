"""The report of disputes: cases, what they add up to, files, and that it ties to the book."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from accounts.enums import TeamRole
from accounts.models import Company, CustomerAccount, TeamMember, User
from disputes import services
from disputes.enums import DisputeOrigin, DisputeOutcome, DisputeType
from disputes.models import Dispute
from disputes.services.rules import set_hour_rate
from invoicing.enums import Origin
from invoicing.interest_policy import HalfYear, HalfYearRates
from invoicing.services import issue_from_order, record_invoice
from o2c.reports import dispute_costs
from o2c.reports.disputes import DisputeReport, dispute_report
from o2c.reports.scope import EVERYBODY
from o2c.shared.calendar import paris_date
from o2c.shared.problems import Invalid
from orders import services as orders
from orders.queries import carriers_of
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import line, make_invoice
from tests.factories.orders import give_limit

pytestmark = pytest.mark.django_db

NOW = timezone.now()
TODAY = paris_date(NOW)
URL = "/api/v1/reports/disputes/"


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="TEST")


@pytest.fixture
def account(company: Company) -> CustomerAccount:
    return CustomerAccountFactory(company=company)


@pytest.fixture
def manager(company: Company) -> User:
    return make_user("credit_manager", company, "manager")


@pytest.fixture
def cases(account: CustomerAccount, company: Company, manager: User) -> None:
    """Three invoices: one credited for a disputed 100 in time, one open and late with 40, one right first time."""
    books = make_user("receivables_accountant", company)
    first, second, _third = (make_invoice(account, "500.00", by=books, at=NOW) for _ in range(3))
    for invoice, amount, kind, days in ((first, "100", "PICKING", 4), (second, "40", "", 12)):
        at = NOW - timedelta(days=days)
        made = services.open_dispute(
            contested=[services.Contested(invoice_id=invoice.pk, amount=Decimal(amount))],
            type=DisputeType.QUANTITY, origin=DisputeOrigin.CALL, by=manager, at=at,
        )  # fmt: skip
        services.qualify(dispute_id=made.pk, owner=manager, by=manager, at=at)
        if kind:
            services.resolve(
                dispute_id=made.pk, outcome=DisputeOutcome.CREDIT_NOTE, reason="counted", root_cause=kind,
                by=manager, at=NOW,
            )  # fmt: skip


def read(company: Company, **asked) -> DisputeReport:
    given = {"user": None, "company": company, "as_of": TODAY, "selection": EVERYBODY} | asked
    return dispute_report(**given)


@pytest.mark.usefixtures("cases")
class TestReport:
    def test_what_cases_add_up_to(self, company: Company):
        told = read(company).as_contract()
        totals = told["totals"]
        assert [row["days"] for row in told["rows"]] == [12, 4]
        assert [row["within_delay"] for row in told["rows"]] == [False, True]
        assert (totals["count"], totals["open"], totals["amount"], totals["credited"]) == (
            2,
            1,
            "140.00",
            "100.00",
        )
        assert (totals["average_days"], totals["within_delay"], totals["right_first_time"]) == (
            "4.0", "0.5000", "0.3333",
        )  # fmt: skip
        assert totals["causes"] == [
            {"code": "PICKING", "count": 1, "amount": "100.00", "credited": "100.00", "average_days": "4.0",
             "hours": "0.00", "cost": "100.00", "share": "1.0000"}
        ]  # fmt: skip
        assert told["control"] == {"ledger_total": "40.00", "difference": "0.00"}

    def test_a_past_day_knows_what_was_open_then(self, company: Company):
        told = read(company, as_of=TODAY - timedelta(days=1)).as_contract()
        assert told["totals"]["open"] == 2
        assert told["control"] == {"ledger_total": "140.00", "difference": "0.00"}

    def test_over_the_api_and_as_files(self, company: Company, manager: User):
        client = Client(headers={"accept-language": "en"})
        client.force_login(manager)
        assert client.get(URL).json()["totals"]["count"] == 2
        lines = b"".join(client.get(f"{URL}?format=csv").streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
        assert len(lines) == 3
        content = b"".join(client.get(f"{URL}?format=xlsx").streaming_content)  # type: ignore[attr-defined]
        assert load_workbook(BytesIO(content)).active.max_row == 3
        pdf = client.get(f"{URL}?format=pdf")
        assert b"".join(pdf.streaming_content).startswith(b"%PDF")  # type: ignore[attr-defined]

    def test_the_command_writes_it(self, company: Company, tmp_path: Path):
        target = tmp_path / "disputes.csv"
        call_command(
            "export_report", "disputes", "--company", "TEST", "--format", "csv", "--output", str(target)
        )
        assert len(target.read_text("utf-8-sig").splitlines()) == 3


def test_pareto_by_sales_rep_and_by_article(account: CustomerAccount, company: Company, manager: User):
    rep = make_user("sales", company, "rep")
    TeamMember.objects.create(
        account=account, user=rep, role=TeamRole.SALES_REP, valid_from=TODAY - timedelta(days=90)
    )
    lines = [line("1", "300", sku="DOOR"), line("1", "100", sku="KEY")]
    invoice = record_invoice(
        company=company, account=account, issue_date=TODAY, lines=lines, origin=Origin.ISSUED, at=NOW,
        by=make_user("receivables_accountant", company),
    )  # fmt: skip
    services.open_dispute(
        contested=[services.Contested(invoice_id=invoice.pk, amount=Decimal("100.01"))],
        type=DisputeType.QUALITY, origin=DisputeOrigin.CALL, by=manager, at=NOW,
    )  # fmt: skip
    case = Dispute.objects.get()
    for hours in ("1.5", "0.75"):
        services.comment_on(
            dispute_id=case.pk, text="Counted again", hours=Decimal(hours), by=manager, at=NOW
        )
    with pytest.raises(Invalid):
        services.comment_on(dispute_id=case.pk, text="Counted again", hours=Decimal(0), by=manager, at=NOW)
    report = dispute_report(user=manager, company=company, as_of=TODAY, selection=EVERYBODY)
    assert [bar.hours for bar in report.types()] == [Decimal("2.25")]
    assert [(bar.label, bar.amount) for bar in report.salespeople()] == [(rep.label(), Decimal("100.01"))]
    assert [(bar.label, bar.amount, bar.count, bar.hours) for bar in report.products()] == [
        ("DOOR", Decimal("75.01"), 1, Decimal("1.69")), ("KEY", Decimal("25.00"), 1, Decimal("0.56")),
    ]  # fmt: skip
    (row,) = report.as_contract()["rows"]
    assert (row["sales_rep"], row["articles"], row["carriers"], row["hours"]) == (
        rep.label(), ["DOOR", "KEY"], [], "2.25",
    )  # fmt: skip
    assert (row["time_cost"], row["cost"]) == (None, "0.00")
    set_hour_rate(
        company=company, rate=Decimal(40), reason="budget", at=NOW, by=make_user("finance_director", company)
    )
    told = dispute_report(user=manager, company=company, as_of=TODAY, selection=EVERYBODY).as_contract()
    assert (told["rows"][0]["time_cost"], told["totals"]["cost"], told["totals"]["hour_rate"]) == (
        "90.00", "90.00", "40.00",
    )  # fmt: skip
    assert [(bar["code"], bar["cost"]) for bar in told["totals"]["articles"]] == [
        ("DOOR", "67.50"), ("KEY", "22.50"),
    ]  # fmt: skip
    reader = Client(headers={"accept-language": "en"})
    reader.force_login(manager)
    page = reader.get("/reports/disputes/").content.decode()
    assert "DOOR" in page
    assert "Sales reps" in page


def lost(account: CustomerAccount, manager: User, outcome: str, amount: str | None = None) -> Decimal | None:
    """The interest that a dispute of 60 of 1000 took: due 40 days ago, opened 20 days ago, ended today."""
    books = make_user("receivables_accountant", account.company)
    invoice = make_invoice(
        account,
        "1000.00",
        by=books,
        at=NOW,
        issued=TODAY - timedelta(days=70),
        due=TODAY - timedelta(days=40),
    )
    at = NOW - timedelta(days=20)
    made = services.open_dispute(
        contested=[services.Contested(invoice_id=invoice.pk, amount=Decimal(60))],
        type=DisputeType.QUANTITY, origin=DisputeOrigin.CALL, by=manager, at=at,
    )  # fmt: skip
    services.qualify(dispute_id=made.pk, owner=manager, by=manager, at=at)
    services.resolve(
        dispute_id=made.pk, outcome=DisputeOutcome(outcome), reason="counted", root_cause="PICKING",
        amount=None if amount is None else Decimal(amount), by=manager, at=NOW,
    )  # fmt: skip
    (row,) = read(account.company).rows
    return row.interest_lost


@pytest.fixture
def rates(monkeypatch: pytest.MonkeyPatch) -> None:
    """The law's own rate is 12 % throughout."""
    days = [TODAY - timedelta(days=back) for back in (0, 100, 200, 300)]
    table = {HalfYear.of(day): HalfYearRates(Decimal(2), Decimal(3)) for day in days}
    monkeypatch.setattr(dispute_costs, "rate_table", lambda: table)


@pytest.mark.parametrize(
    ("outcome", "amount", "expected"),
    [
        ("GOODWILL", None, "0.39"),  # 60 x 12 % x 20 / 365 days: overdue and contested
        ("SETTLEMENT", "30", "0.20"),
        ("CREDIT_NOTE", None, "0"),
        ("REJECTED", None, "0"),
        ("DOCUMENT_SENT", None, "0"),
    ],
)
@pytest.mark.usefixtures("rates")
def test_interest_is_lost_on_what_the_outcome_takes_off(
    account: CustomerAccount, manager: User, outcome: str, amount: str | None, expected: str
):
    assert lost(account, manager, outcome, amount) == Decimal(expected)


def test_without_the_legal_rate_what_is_lost_is_unknown(
    account: CustomerAccount, manager: User, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(dispute_costs, "rate_table", dict)
    assert lost(account, manager, "GOODWILL") is None
    row = read(account.company).as_contract()["rows"][0]
    assert (row["interest_lost"], row["cost"]) == (None, "60.00")


def test_pareto_by_carrier(account: CustomerAccount, company: Company, manager: User):
    adv = make_user("adv_officer", company)
    give_limit(account, "100000")
    lines = [
        orders.LineInput(sku=sku, description=sku, quantity=Decimal(quantity), unit_price=Decimal(100))
        for sku, quantity in (("A", 3), ("B", 1), ("C", 4))
    ]
    order = orders.create_order(company=company, account=account, lines=lines, by=adv, at=NOW)
    orders.submit(order_id=order.pk, by=adv, at=NOW)
    for number, carrier in zip(
        order.lines.values_list("line", "quantity"), ("Geodis", " GÉODIS", ""), strict=True
    ):
        orders.deliver(order_id=order.pk, lines=[number], carrier=carrier, by=adv, at=NOW)
    assert carriers_of(company) == ["GÉODIS", "Geodis"]
    invoice = issue_from_order(order_id=order.pk, by=adv, at=NOW)
    services.open_dispute(
        contested=[services.Contested(invoice_id=invoice.pk, amount=Decimal(80))],
        type=DisputeType.DAMAGED, origin=DisputeOrigin.CALL, by=manager, at=NOW,
    )  # fmt: skip
    report = read(company)
    # Written twice it is one carrier; what nobody said anything of says nothing.
    assert [(bar.label, bar.amount, bar.count, bar.share) for bar in report.carriers()] == [
        ("Geodis", Decimal(80), 1, Decimal(1))
    ]
    told = report.as_contract()
    assert (told["rows"][0]["carriers"], told["totals"]["carriers"][0]["code"]) == (["Geodis"], "Geodis")
    reader = Client(headers={"accept-language": "en"})
    reader.force_login(manager)
    assert "Geodis" in reader.get("/reports/disputes/").content.decode()


def test_three_cases_cost_what_one_costs(account: CustomerAccount, company: Company, manager: User):
    def statements() -> int:
        with CaptureQueriesContext(connection) as seen:
            read(company).as_contract()
        return len(seen)

    lost(account, manager, "GOODWILL")
    one = statements()
    books = make_user("receivables_accountant", company)
    for _more in range(2):
        invoice = make_invoice(account, "500.00", by=books, at=NOW)
        services.open_dispute(
            contested=[services.Contested(invoice_id=invoice.pk, amount=Decimal(9))],
            type=DisputeType.PRICE, origin=DisputeOrigin.CALL, by=manager, at=NOW,
        )  # fmt: skip
    assert statements() == one
