"""Finance in a real browser: the aged balance of a past day with its items and its file; a ledger brought in."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Company, CustomerAccount
from invoicing import services
from invoicing.models import Invoice
from o2c.reports import background
from o2c.shared import work as work_table
from o2c.shared.calendar import paris_date
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_credit, make_item
from tests.factories.orders import give_limit

from .helpers import axe, settled, shot, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DATA = Path(__file__).resolve().parents[1] / "data"
NOW = timezone.now()
TODAY = paris_date(NOW)
ENGLISH = {"language": "en"}


def figure(text: str) -> Decimal:
    """An amount as the page writes it."""
    return Decimal(text.replace(",", "").replace("−", "-").replace("€", "").strip())


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="DEMO", name="Comptoir Valmont")


@pytest.fixture
def paid_today(company: Company) -> Decimal:
    """Six clients who owe; one invoice was paid today, so yesterday's book holds it still."""
    accountant = make_user("receivables_accountant", company, username="accountant")
    paid = Decimal("411.10")
    for position, name in enumerate(("Bâti-Loire", "Façades Mirabel", "Toitures Cap Nord"), start=1):
        account = CustomerAccountFactory(company=company, code=f"C000{position}", name=name)
        for late in (-20, 12, 45, 130):
            due = TODAY - timedelta(days=late)
            amount = Decimal(position * 1000 + late) + Decimal("0.37")
            make_item(account, amount, by=accountant, issued=due - timedelta(days=30), due=due, at=NOW)
    due = TODAY - timedelta(days=12)
    item = make_item(account, paid, by=accountant, issued=due - timedelta(days=30), due=due, at=NOW)
    credit = make_credit(account, paid, by=accountant, at=NOW)
    services.allocate(from_item_id=credit.pk, to_item_id=item.pk, amount=paid, by=accountant, at=NOW)
    return paid


def test_finance_reads_yesterdays_balance_to_the_document_and_to_the_file(
    page: Page, live_server: LiveServer, company: Company, paid_today: Decimal, tmp_path: Path
) -> None:
    make_user("finance_director", company, username="finance", **ENGLISH)
    sign_in(page, live_server, "finance")
    page.locator(".o-side a", has_text="Aged balance").click()
    total = page.locator("tfoot tr").first.locator("td").nth(7)
    today_total = figure(total.inner_text())
    axe(page)
    shot(page, "aged-balance")

    yesterday = TODAY - timedelta(days=1)
    page.locator("summary", has_text="As of").click()
    page.locator("#id_as_of").fill(f"{yesterday:%d/%m/%Y}")
    page.locator("#id_as_of").press("Enter")
    expect(page.locator("h1")).to_contain_text(f"Aged balance on {yesterday:%d/%m/%Y}")
    past_total = figure(total.inner_text())
    assert past_total == today_total + paid_today
    expect(page.locator("tr.ctl")).to_contain_text("difference 0.00")

    row = page.locator("tbody tr", has_text="Toitures Cap Nord").first
    cell = row.locator("td.r a").nth(1)
    amount = figure(cell.inner_text())
    cell.click()
    settled(page)
    panel = page.locator(".o-age .o-box")
    expect(panel).to_contain_text("2 items")
    opened = [figure(text) for text in panel.locator("tbody td:last-child").all_inner_texts()]
    assert sum(opened) == amount
    axe(page)
    shot(page, "aged-balance-items")
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_have_count(0)

    page.locator("summary", has_text="Export").click()
    with page.expect_download() as download:
        page.locator("a.o-item", has_text="CSV").click()
    file = tmp_path / "aged.csv"
    download.value.save_as(file)
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter=";"))
    assert [row["Client code"] for row in rows] == ["C0001", "C0002", "C0003"]
    assert sum(Decimal(row["Total"]) for row in rows) == past_total


def test_finance_reads_the_exposure_and_has_a_long_file_prepared(
    page: Page,
    live_server: LiveServer,
    company: Company,
    paid_today: Decimal,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(background, "AT_ONCE", background.AT_ONCE | {"csv": 2})
    give_limit(
        CustomerAccount.objects.get(code="C0001"), "9000", decided_by=make_user("credit_manager", company)
    )
    make_user("finance_director", company, username="finance", **ENGLISH)
    sign_in(page, live_server, "finance")
    page.locator(".o-side a", has_text="Exposure").click()
    expect(page.locator("tr.ctl")).to_contain_text("difference 0.00")
    nets = page.locator("tbody td b")
    shown = [figure(text) for text in nets.all_inner_texts()]
    assert shown == sorted(shown, reverse=True)
    assert sum(shown) == figure(page.locator("tfoot b").first.inner_text())
    axe(page)
    shot(page, "exposure")

    page.locator("thead a", has_text="Headroom").click()
    expect(page.locator("tbody tr").first).to_contain_text("C0001")
    page.locator("summary", has_text="Export").click()
    page.locator("a.o-item", has_text="CSV").click()
    axe(page)
    shot(page, "long-report")
    page.get_by_role("button", name="Prepare the file").click()
    expect(page.locator("h1")).to_have_text("Background work")
    line = page.locator("li", has_text="Report as a file")
    expect(line.locator(".o-prog")).to_be_visible()

    work_table.drain()

    with page.expect_download() as download:
        line.get_by_role("link", name="Fetch the result").click()
    file = tmp_path / "exposure.csv"
    download.value.save_as(file)
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter=";"))
    assert sum(Decimal(row["Net exposure"]) for row in rows) == sum(shown)
    axe(page)
    shot(page, "background-work")
    page.goto(f"{live_server.url}/notifications/")
    expect(page.locator("main")).to_contain_text("is ready")


def upload(page: Page, live_server: LiveServer, ledger: str) -> None:
    """Sign in and bring a file of ``tests/data`` as far as its preview."""
    sign_in(page, live_server, "advlead")
    page.goto(f"{live_server.url}/imports/new/")
    page.locator("#id_file").set_input_files(DATA / ledger)
    page.locator("#id_mapping").select_option("own")
    page.locator("#id_mapping_file").set_input_files(DATA / "ledger_small.toml")
    page.locator("#id_as_of").fill("31/10/2026")
    page.get_by_role("button", name="Look at the file").click()
    expect(page.locator("h1")).to_contain_text(ledger)


def test_a_ledger_goes_from_upload_to_result(
    page: Page, live_server: LiveServer, company: Company, work_drain: Callable[[], int]
) -> None:
    make_user("adv_manager", company, username="advlead", **ENGLISH)
    upload(page, live_server, "ledger_small.csv")
    expect(page.locator("main")).to_contain_text("New clients: 3, new invoices: 5, settled: 1.")
    expect(page.locator("main")).to_contain_text("not read")
    axe(page)
    shot(page, "import-preview")
    assert not Invoice.objects.exists()

    page.get_by_role("button", name="Book this file").click()
    expect(page.locator("main")).to_contain_text("The file is being booked")
    work_drain()
    # The progress line finds out by itself and shows the result.
    expect(page.locator("main")).to_contain_text("New clients: 3, new invoices: 5, settled: 1.")
    expect(page.locator("main")).to_contain_text("difference 0.00")
    axe(page)
    shot(page, "import-result")

    page.locator("a.btn.p", has_text="Aged balance").click()
    expect(page.locator("h1")).to_contain_text("Aged balance on 31/10/2026")
    assert figure(page.locator("tfoot tr").first.locator("td").nth(7).inner_text()) == Decimal("4100.50")


def test_a_broken_date_is_shown_by_its_line_and_books_nothing(
    page: Page, live_server: LiveServer, company: Company
) -> None:
    make_user("adv_manager", company, username="advlead", **ENGLISH)
    upload(page, live_server, "ledger_broken_date.csv")
    expect(page.locator("main")).to_contain_text("1 line of 5 cannot be booked.")
    line = page.locator("section", has=page.get_by_role("heading", name="Refused lines")).locator("tbody tr")
    expect(line).to_have_count(1)
    expect(line).to_contain_text("31/11/2026")
    assert line.locator("td").all_inner_texts()[:2] == ["3", "Échéance"]
    axe(page)
    shot(page, "import-refused")
    assert not Invoice.objects.exists()
    with page.expect_download() as download:
        page.locator("a", has_text="The refused line (CSV)").click()
    assert download.value.suggested_filename == "ledger_broken_date-refused.csv"
