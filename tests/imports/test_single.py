"""Files of one kind: entered by the acts of the API, once, whole or in part, each fault on its line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from accounts.models import Company, CustomerAccount, ExchangeRate, User
from credit.factoring.queries import approvals_of
from credit.models import BuyerCover, FactorAgreement, FactorApproval, FinancialStatement
from invoicing.models import Invoice, Payment, ReceivableItem
from o2c.imports.mapping import UnreadableMapping, mapping_of, parse_mapping
from o2c.imports.resources import KINDS
from o2c.imports.single import LinesRefused, SingleResult, import_single, sample_rows
from o2c.shared.models import AuditEvent, Work
from o2c.shared.problems import NotAllowed, NotFound
from orders.models import Order
from orders.queries import shown_status
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, LegalEntityFactory, make_user
from tests.factories.factoring import approve, make_agreement
from tests.factories.orders import give_limit

pytestmark = pytest.mark.django_db

SIREN = "732829320"
AT = timezone.now()
TODAY = timezone.localdate()
Import = Callable[..., SingleResult]


def fr(offset: int) -> str:
    return f"{TODAY + timedelta(days=offset):%d/%m/%Y}"


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="TEST")


@pytest.fixture
def user(company: Company) -> User:
    return make_user("integration", company)


@pytest.fixture
def account(company: Company) -> CustomerAccount:
    account = CustomerAccountFactory(company=company, code="C1", entity=LegalEntityFactory(siren=SIREN))
    give_limit(account, "10000", decided_by=make_user("credit_manager", company))
    return account


@pytest.fixture
def bring(tmp_path: Path, user: User) -> Import:
    """Write lines into a file and import it."""

    def run(kind: str, *lines: str, encoding: str = "utf-8", **options: Any) -> SingleResult:
        path = tmp_path / f"{kind}.csv"
        path.write_bytes("\r\n".join(lines).encode(encoding))
        asked: dict[str, Any] = {
            "company_code": "TEST",
            "mapping_text": "",
            "by": user,
            "at": AT,
            "path": path,
        }
        return import_single(kind=kind, **(asked | options))

    return run


def told(refused: pytest.ExceptionInfo[LinesRefused]) -> list[tuple[int, str]]:
    return [(error.line, error.message) for error in refused.value.lines]


INVOICES = (
    "N° facture;Code client;Date facture;Échéance;Montant TTC",
    f"F1;C1;{fr(-40)};{fr(-10)};1\N{NO-BREAK SPACE}200,00",
    f"F2;C1;{fr(-30)};;-50,5",
)


def test_invoices_are_taken_over_once(bring: Import, account: CustomerAccount) -> None:
    result = bring("invoices", *INVOICES, encoding="cp1252")
    assert (result.effects, result.lines_read) == ({"created": 2}, 2)
    assert result.read == result.totals == {"EUR": Decimal("1149.50")}
    rows = Invoice.objects.order_by("number").values_list("number", "kind", "total_incl_vat", "due_date")
    due = TODAY + timedelta(days=-10)
    assert [row[:3] for row in rows] == [
        ("F1", "INVOICE", Decimal("1200.00")),
        ("F2", "CREDIT_NOTE", Decimal("-50.50")),
    ]
    assert rows[0][3] == due
    assert ReceivableItem.objects.count() == 2
    before = (AuditEvent.objects.count(), Work.objects.count())
    again = bring("invoices", *INVOICES)
    assert again.effects == {"unchanged": 2}
    assert (AuditEvent.objects.count(), Work.objects.count()) == before


def test_a_file_and_the_api_know_each_others_documents(
    bring: Import, account: CustomerAccount, user: User
) -> None:
    client = APIClient(headers={"accept-language": "en"})
    client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=user).key}")
    bring("invoices", *INVOICES)
    body = {
        "number": "F1",
        "account": "C1",
        "issue_date": f"{TODAY + timedelta(days=-40)}",
        "due_date": f"{TODAY + timedelta(days=-10)}",
        "total_incl_vat": "1200",
        "origin": "imported",
    }
    replay = client.post("/api/v1/invoices/?company=TEST", body)
    assert (replay.status_code, replay.headers["Idempotent-Replay"]) == (200, "true")
    paid = {"external_id": "V1", "account": "C1", "date": f"{TODAY}", "amount": "10.00", "reference": "x"}
    assert client.post("/api/v1/payments/?company=TEST", paid).status_code == 201
    lines = ("id;compte;date;montant;référence", f"V1;C1;{fr(0)};10;x")
    assert bring("payments", *lines).effects == {"unchanged": 1}
    ordered = ("commande;client;code article;désignation;qté;pu", "A1;C1;X;Vanne;2;10,00")
    bring("orders", *ordered)
    line = {"sku": "X", "description": "Vanne", "quantity": "2", "unit_price": "10"}
    replay = client.post("/api/v1/orders/?company=TEST", {"number": "A1", "account": "C1", "lines": [line]})
    assert (replay.status_code, replay.headers["Idempotent-Replay"]) == (200, "true")


def test_what_is_wrong_is_told_with_line_column_and_value(bring: Import, account: CustomerAccount) -> None:
    with pytest.raises(LinesRefused) as refused:
        bring(
            "invoices",
            INVOICES[0],
            f"F1;C1;{fr(-40)};;1 200,00",
            "F2;C1;31/02/2026;;x",
            "F3;C1;05/01/26;;1,001",
            f";C1;{fr(-1)};;1e3",
            f"F5;C1;{fr(-1)};;9999999999999",
            f"F6;C1;{fr(-1)}",
        )
    assert told(refused) == [
        (3, "Date facture: “31/02/2026” is a date that does not exist"),
        (3, "Montant TTC: “x” is not a number."),
        (4, "Date facture: “05/01/26” has a year of two figures"),
        (4, "Montant TTC: “1,001” has more than 2 decimals"),
        (5, "N° facture: nothing is written here; it is needed"),
        (5, "Montant TTC: “1e3” is not a number."),
        (6, "Montant TTC: “9999999999999” is too large"),
        (7, "This line has 3 cells, the header has 5."),
    ]
    assert not Invoice.objects.exists()


def test_all_or_nothing_or_the_good_lines(bring: Import, account: CustomerAccount) -> None:
    lines = (
        *INVOICES,
        f"F3;NOBODY;{fr(-5)};;10",
        f"F4;C1;{fr(5)};;10",
        f"F5;C1;{fr(-5000)};;10",
        f"F1;C1;{fr(-40)};{fr(-10)};7",
    )
    with pytest.raises(LinesRefused) as refused:
        bring("invoices", *lines)
    assert told(refused) == [
        (4, "Code client: There is no client with this code: import the clients first, or mend the code."),
        (5, "A document cannot be dated after today."),
        (6, f"{fr(-5000)} lies in a closed period. The first open day is {fr(-731)}."),
        (7, "A document with this number exists already, with other content."),
    ]
    assert not Invoice.objects.exists()
    kept = bring("invoices", *lines, keep_good_lines=True)
    assert kept.effects == {"created": 2, "refused": 4}
    assert [error.line for error in kept.errors] == [4, 5, 6, 7]
    assert list(Invoice.objects.order_by("number").values_list("number", flat=True)) == ["F1", "F2"]
    event = AuditEvent.objects.get(action="file.imported")
    assert event.after == {
        "kind": "invoices", "created": 2, "refused": 4, "refused_lines": 4, "booked": {"EUR": "1149.50"}
    }  # fmt: skip


def test_a_dry_run_writes_nothing(bring: Import, account: CustomerAccount) -> None:
    files = {
        "accounts": ("code;nom", "N1;Nouveau", "C1;Changé"),
        "orders": ("commande;client;code article;désignation;qté;pu", "A1;C1;X;Vanne;2;10,00"),
        "invoices": INVOICES,
        "payments": ("id;client;date;montant;lettrer", f"V1;C1;{fr(0)};10;oui", f"V2;C1;{fr(0)};10;non"),
        "rates": ("date;currency;units_per_eur", f"{TODAY};USD;1,08"),
        "cover": (
            "siren;amount;insured_pct;status;effective_on;valid_until",
            f"{SIREN};100;90;ACTIVE;{TODAY};",
        ),
        "statements": ("siren;clôture;fonds propres", f"{SIREN};31/12/2025;-35,5"),
    }
    models = (
        CustomerAccount,
        Order,
        Invoice,
        Payment,
        ExchangeRate,
        BuyerCover,
        FinancialStatement,
        AuditEvent,
        Work,
    )
    before = [model.objects.count() for model in models]
    seen = {kind: bring(kind, *lines, dry_run=True).effects for kind, lines in files.items()}
    assert seen == {
        "accounts": {"created": 1, "updated": 1},
        "orders": {"created": 1},
        "invoices": {"created": 2},
        "payments": {"created": 2},
        "rates": {"created": 1},
        "cover": {"created": 1},
        "statements": {"created": 1},
    }
    assert [model.objects.count() for model in models] == before
    assert [bring(kind, *lines).effects for kind, lines in files.items()] == list(seen.values())


def test_orders_of_a_file_pass_the_same_check(bring: Import, account: CustomerAccount) -> None:
    head = "commande;client;ligne;code article;désignation;qté;pu ht;tva"
    lines = (
        head,
        "A1;C1;10;X;Vanne;2;1 000,00;20",
        "A2;C1;10;X;Vanne;10;900;20",
        "A1;C1;20;Y;Joint;1;0,5;5,5",
        "A3;C1;10;X;Vanne;1;1;20",
    )
    result = bring("orders", *lines)
    assert (result.effects, result.lines_read) == ({"created": 3}, 4)
    shown = {order.number: shown_status(order) for order in Order.objects.all()}
    assert shown == {"A1": "confirmed", "A2": "on_hold", "A3": "confirmed"}
    first = Order.objects.get(number="A1")
    assert (first.total_incl_vat, first.lines.count()) == (Decimal("2400.53"), 2)
    assert bring("orders", *lines).effects == {"unchanged": 3}


def test_an_order_is_refused_whole(bring: Import, account: CustomerAccount) -> None:
    CustomerAccountFactory(company=account.company, code="C2")
    head = "commande;client;code article;désignation;qté;pu"
    lines = (head, "A1;C1;X;Vanne;2;1", "A1;C2;Y;Joint;2;1", "A2;C1;X;Vanne;0;1", "A3;C1;X;Vanne;1;1")
    result = bring("orders", *lines, keep_good_lines=True)
    assert [(error.line, error.message) for error in result.errors] == [
        (2, "another line of this order is refused: orders are entered whole"),
        (3, "client: “C2”, but “C1” on line 2 of the same order"),
        (4, "Line 10: the quantity must be above zero."),
    ]
    assert list(Order.objects.values_list("number", flat=True)) == ["A3"]
    with pytest.raises(LinesRefused) as refused:
        bring("orders", head, "A3;C1;X;Vanne;2;1")
    assert told(refused) == [(2, "This key exists already, with other content.")]


def test_clients_are_opened_and_brought_in_line(bring: Import, account: CustomerAccount) -> None:
    head = "code;raison sociale;siren;adresse;code postal;ville;délai;mode de règlement;e-mail"
    lines = (
        head,
        "N1;Façades Mirabel;552 100 554;3 rue;69003;Lyon;NET45;virement;compta@example.com",
        f"C1;{account.name};;;;;;;",
    )
    assert bring("accounts", *lines).effects == {"created": 1, "unchanged": 1}
    made = CustomerAccount.objects.get(code="N1")
    assert (made.siren, made.city, made.term, made.status) == ("552100554", "Lyon", "NET45", "ACTIVE")
    assert made.contacts.get().email == "compta@example.com"
    assert bring("accounts", *lines).effects == {"unchanged": 2}
    assert bring("accounts", head, "N1;Mirabel;;;;;;;").effects == {"updated": 1}
    with pytest.raises(LinesRefused) as refused:
        bring("accounts", head, "N2;Autre;123456789;;;;NET95;;nobody")
    assert [line for line, _message in told(refused)] == [2]
    assert told(refused)[0][1].startswith("siren: “123456789”")
    with pytest.raises(LinesRefused) as refused:
        bring("accounts", head, "N2;Autre;;;;;NET30;;nobody")
    assert told(refused) == [(2, "e-mail: Enter a valid email address.")]


def test_payments_match_only_where_the_file_says_so(bring: Import, account: CustomerAccount) -> None:
    bring("invoices", *INVOICES)
    head = "id;client;date;montant;mode;référence;lettrer"
    result = bring("payments", head, f"V1;C1;{fr(0)};200;virement;F1;oui", f"V2;;{fr(0)};5;chèque;F1;")
    assert result.effects == {"created": 2}
    assert ReceivableItem.objects.get(document="F1").open_amount == 1000
    assert not Payment.objects.get(external_id="V2").items.exists()
    with pytest.raises(LinesRefused) as refused:
        bring("payments", head, f"V3;C1;{fr(0)};0;virement;;", f"V4;C1;{fr(0)};1;troc;;")
    assert told(refused)[0][0] == 3
    with pytest.raises(LinesRefused) as refused:
        bring("payments", head, f"V3;C1;{fr(0)};0;virement;;", f"V1;C1;{fr(0)};7;virement;F1;oui")
    assert told(refused) == [
        (2, "montant: An amount received is above 0."),
        (3, "This key exists already, with other content."),
    ]


def test_rates_do_not_change(bring: Import) -> None:
    head = "date;currency;units_per_eur"
    assert bring("rates", head, "2026-11-02;USD;1.0845", "03/11/2026;GBP;0,86").effects == {"created": 2}
    assert ExchangeRate.objects.get(currency="USD", day=date(2026, 11, 2)).units_per_eur == Decimal("1.0845")
    assert bring("rates", head, "2026-11-02;USD;1.08450000").effects == {"unchanged": 1}
    with pytest.raises(LinesRefused) as refused:
        bring(
            "rates", head, "2026-11-02;USD;1.09", "2026-11-02;EUR;2", "2026-11-02;CHF;0", "2026-11-02;CHF;1,5"
        )
    assert told(refused) == [
        (2, "Another rate of this currency and day is known already: a published rate does not change."),
        (3, "units_per_eur: One euro is one euro."),
        (4, "units_per_eur: A rate is above 0."),
    ]


APPROVALS = "siren;amount;currency;status;effective_on;valid_until"


def test_approvals_of_the_factor_are_kept_with_their_history(bring: Import, account: CustomerAccount) -> None:
    make_agreement(account.company, valid_from=date(2026, 1, 1))
    first = (
        f"{SIREN};50 000,00;EUR;accordé;2026-02-01;2026-12-31",
        f"{SIREN};20000;;réduit;2026-06-01;",
        f"{SIREN};0;EUR;annulé;2026-09-01;",
    )
    french = "n° siren;montant;devise;statut;date d'effet;date de fin"
    assert bring("approvals", french, *first, dry_run=True).effects == {"created": 3}
    assert not FactorApproval.objects.exists()
    assert bring("approvals", french, *first).effects == {"created": 3}
    events = AuditEvent.objects.filter(action="factor.approved").count()
    assert bring("approvals", APPROVALS, *first).effects == {"unchanged": 3}
    rows = FactorApproval.objects.order_by("effective_on").values_list("status", "amount", "currency")
    assert list(rows) == [
        ("APPROVED", Decimal(50000), "EUR"),
        ("REDUCED", Decimal(20000), "EUR"),
        ("CANCELLED", Decimal(0), "EUR"),
    ]
    assert events == AuditEvent.objects.filter(action="factor.approved").count() == 3
    found = approvals_of(FactorAgreement.objects.get(), None, on=date(2026, 7, 1))
    assert found[account.entity_id].amount == 20000


def test_every_fault_of_approvals_stands_on_its_line(bring: Import, account: CustomerAccount) -> None:
    make_agreement(account.company, valid_from=date(2026, 1, 1), valid_until=date(2026, 10, 31))
    far = CustomerAccountFactory(
        company=CompanyFactory(code="FAR"), entity=LegalEntityFactory(siren="552100554")
    )
    approve(account, "100", effective_on=date(2026, 5, 1))
    lines = (
        f"{far.siren};100;EUR;accordé;2026-02-01;",
        f"{SIREN};100;USD;accordé;2026-02-01;",
        f"{SIREN};0;EUR;accordé;2026-02-02;",
        f"{SIREN};5;EUR;refusé;2026-02-03;",
        f"{SIREN};5;EUR;accordé;2026-02-04;2026-02-01",
        f"{SIREN};5;EUR;accordé;2025-12-31;",
        f"{SIREN};5;EUR;accordé;2026-11-01;",
        f"{SIREN};7;EUR;accordé;2026-05-01;",
        f"{SIREN};7;EUR;accordé;2026-03-01;",
    )
    with pytest.raises(LinesRefused) as refused:
        bring("approvals", APPROVALS, *lines)
    none = "effective_on: No agreement with a factor is in force on this day."
    assert told(refused) == [
        (2, "siren: No client has this SIREN: open the client first."),
        (3, "currency: Limits are in the currency of the company."),
        (4, "amount: The amount must be positive."),
        (5, "amount: Nothing is taken: the amount is 0."),
        (6, "valid_until: This day is past, or lies before the first."),
        (7, none),
        (8, none),
        (9, "The factor’s word from this day on is known already, with other content."),
    ]
    assert FactorApproval.objects.count() == 1, "all or nothing"
    kept = bring("approvals", APPROVALS, *lines, keep_good_lines=True)
    assert (kept.effects["created"], FactorApproval.objects.count()) == (1, 2)
    for bad, said in (
        (f"{SIREN};-1;EUR;accordé;2026-02-01;", "amount: “-1” is below 0"),
        (f"{SIREN};1;ZZZ;accordé;2026-02-01;", "currency: “ZZZ” is no currency: write EUR, USD"),
        ("123456789;1;EUR;accordé;2026-02-01;", "siren: “123456789”"),
        (f"{SIREN};1;EUR;peut-être;2026-02-01;", "status: “peut-être” is none of"),
    ):
        with pytest.raises(LinesRefused) as refused:
            bring("approvals", APPROVALS, bad)
        assert told(refused)[0][1].startswith(said)


def test_cover_is_kept_with_its_history(bring: Import, account: CustomerAccount) -> None:
    head = "siren;amount;insured_pct;status;effective_on;valid_until"
    first = (f"{SIREN};50 000,00;90;accordé;2026-01-01;2026-12-31", f"{SIREN};20000;90;réduit;2026-06-01;")
    assert bring("cover", head, *first).effects == {"created": 2}
    assert bring("cover", head, *first).effects == {"unchanged": 2}
    rows = BuyerCover.objects.order_by("effective_on").values_list("status", "amount", "currency")
    assert list(rows) == [("ACTIVE", Decimal(50000), "EUR"), ("REDUCED", Decimal(20000), "EUR")]
    with pytest.raises(LinesRefused) as refused:
        bring("cover", head, f"{SIREN};1;90;REFUSED;2026-01-01;", "552100554;1;90;ACTIVE;2026-01-01;",
              f"{SIREN};1;90;ACTIVE;2026-07-01;2026-06-01", f"{SIREN};1;101;ACTIVE;2026-07-01;")  # fmt: skip
    assert told(refused) == [(5, "insured_pct: “101” is above 100")]
    kept = bring("cover", head, f"{SIREN};1;90;REFUSED;2026-01-01;", "552100554;1;90;ACTIVE;2026-01-01;",
                 f"{SIREN};1;90;ACTIVE;2026-07-01;2026-06-01", keep_good_lines=True)  # fmt: skip
    assert [(error.line, error.message) for error in kept.errors] == [
        (2, "A cover from this day on is known already, with other content: what changed has its own day."),
        (3, "siren: No client has this SIREN: open the client first."),
        (4, "valid_until: A cover cannot end before it begins."),
    ]


def test_a_mapping_names_columns_nobody_would_guess(bring: Import, account: CustomerAccount) -> None:
    lines = ("belegnr,kunde,datum,betrag,art", f"F1,C1,{TODAY:%m.%d.%Y},1.50,x")
    with pytest.raises(UnreadableMapping) as refused:
        bring("invoices", *lines)
    assert len(refused.value.errors["mapping"]) == 4
    columns = {"belegnr": "number", "KUNDE": "account", "datum": "issue_date", "betrag": "total_incl_vat"}
    text = mapping_of(columns, values={"date_format": "MM.DD.YYYY", "decimal": ".", "currency": "USD"})
    assert bring("invoices", *lines, mapping_text=text).effects == {"created": 1}
    made = Invoice.objects.get()
    assert (made.currency, made.total_incl_vat, made.issue_date) == ("USD", Decimal("1.50"), TODAY)
    with pytest.raises(UnreadableMapping):
        bring("invoices", *lines, mapping_text=mapping_of(columns | {"art": "colour"}))


def test_words_of_the_file_mean_what_the_mapping_says(bring: Import, account: CustomerAccount) -> None:
    columns = {
        "id": "external_id",
        "client": "account",
        "date": "date",
        "montant": "amount",
        "mode": "method",
    }
    text = mapping_of(columns, value_maps={"method": {"VIRT": "transfer", "CHQ": "cheque"}})
    lines = ("id;client;date;montant;mode", f"V1;C1;{fr(0)};5;chq", f"V2;C1;{fr(0)};5;")
    assert bring("payments", *lines, mapping_text=text).effects == {"created": 2}
    assert dict(Payment.objects.values_list("external_id", "method")) == {"V1": "cheque", "V2": "transfer"}
    wrong = mapping_of(columns, value_maps={"method": {"VIRT": "barter"}})
    with pytest.raises(UnreadableMapping):
        bring("payments", *lines, mapping_text=wrong)


def test_columns_that_stand_there_twice_are_refused(bring: Import, account: CustomerAccount) -> None:
    text = mapping_of({"n": "number", "c": "account", "d": "issue_date", "m": "total_incl_vat"})
    with pytest.raises(LinesRefused) as refused:
        bring("invoices", "n;c;d;m;M", f"F1;C1;{fr(0)};1;2", mapping_text=text)
    assert told(refused) == [(1, "the column “m” stands there 2 times: keep one of them.")]


def test_a_spreadsheet_is_read_with_its_own_dates_and_numbers(
    bring: Import, account: CustomerAccount, tmp_path: Path
) -> None:
    path = tmp_path / "invoices.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["Numéro", "Client", "Date", "Montant TTC"])
        page.write_row(1, 0, [1001, "C1"])
        page.write_datetime(1, 2, TODAY, book.add_format({"num_format": "dd/mm/yyyy"}))
        page.write_number(1, 3, 0.1 + 0.2)
    assert bring("invoices", "", path=path).effects == {"created": 1}
    made = Invoice.objects.get()
    assert (made.number, made.issue_date, made.total_incl_vat) == ("1001", TODAY, Decimal("0.30"))


def test_years_are_kept_each_for_itself(bring: Import, account: CustomerAccount) -> None:
    head = "siren;date de clôture;capitaux propres;total bilan;ca"
    first = (f"{SIREN};31/12/2024;30;100;", f"{SIREN};31/12/2025;35,5;100;1 000")
    assert bring("statements", head, *first).effects == {"created": 2}
    assert bring("statements", head, *first).effects == {"unchanged": 2}
    kept = bring("statements", head, f"{SIREN};31/12/2025;36;100;", f"{SIREN};31/12/2023;136;100;",
                 "552100554;31/12/2025;1;2;", f"{SIREN};31/12/2023;;;", keep_good_lines=True)  # fmt: skip
    assert kept.effects == {"updated": 1, "refused": 3}
    assert [(error.line, error.message) for error in kept.errors] == [
        (3, "capitaux propres: This is more than all assets."),
        (4, "siren: No client has this SIREN: open the client first."),
        (5, "capitaux propres: Give at least one figure."),
    ]
    rows = FinancialStatement.objects.order_by("pk").values_list("closed_on", "equity", "revenue", "source")
    assert [(str(day), equity, revenue, source) for day, equity, revenue, source in rows] == [
        ("2024-12-31", Decimal(30), None, "imported"),
        ("2025-12-31", Decimal("35.50"), Decimal(1000), "imported"),
        ("2025-12-31", Decimal(36), None, "imported"),
    ]


@pytest.mark.parametrize(
    ("kind", "role"),
    [
        ("accounts", "receivables_accountant"),
        ("orders", "receivables_accountant"),
        ("payments", "adv_manager"),
        ("invoices", "administrator"),
        ("rates", "sales"),
        ("cover", "credit_manager"),
        ("approvals", "credit_manager"),
        ("statements", "credit_manager"),
    ],
)
def test_only_who_may_do_it_alone_may_import_it(
    bring: Import, company: Company, account: CustomerAccount, kind: str, role: str
) -> None:
    head, rows = sample_rows(kind)
    lines = (";".join(map(str, head)), *(";".join(row) for row in rows))
    with pytest.raises(NotAllowed):
        bring(kind, *lines, by=make_user(role, company))
    with pytest.raises(NotAllowed):
        bring(kind, *lines, by=make_user("integration", CompanyFactory(code="OTHER")))
    with pytest.raises(NotFound):
        bring(kind, *lines, company_code="NONE")


@pytest.mark.parametrize("kind", KINDS)
def test_the_sample_of_each_kind_can_be_read(bring: Import, company: Company, kind: str) -> None:
    head, rows = sample_rows(kind)
    result = bring(kind, ";".join(map(str, head)), *(";".join(row) for row in rows), dry_run=True)
    readable = {"There is no client with this code", "No client has this SIREN", "dated after today"}
    assert result.lines_read == 1
    assert all(any(known in error.message for known in readable) for error in result.errors)


def test_an_import_takes_as_many_statements_for_many_invoices_as_for_few(
    bring: Import, account: CustomerAccount
) -> None:
    def statements(first: int, count: int) -> int:
        lines = [f"F{n};C1;{fr(-5)};;10" for n in range(first, first + count)]
        with CaptureQueriesContext(connection) as caught:
            bring("invoices", INVOICES[0], *lines)
        return len(caught)

    statements(0, 1)  # makes the lock rows
    assert statements(10, 1) == statements(100, 300)


def test_a_mapping_says_what_it_cannot_mean() -> None:
    shape = KINDS["rates"].shape()
    for text in ("[values]\ncurrency = 5", '[file]\ndelimiter = ";;"', 'value_maps = "x"', "columns = 7"):
        with pytest.raises(UnreadableMapping):
            parse_mapping(text + '\n[columns]\ndate="date"\nc="currency"\nr="units_per_eur"', shape)
