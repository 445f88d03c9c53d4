"""Files of every kind in the browser: columns told by themselves or by a person, kept for the next file."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Company, CustomerAccount
from invoicing.models import Invoice, Payment
from o2c.imports.models import ImportRun, SavedMapping
from o2c.shared.models import AuditEvent, Work
from orders.models import Order
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user

pytestmark = pytest.mark.django_db

Drain = Callable[[], int]
INVOICES = (
    "N° facture;Code client;Date facture;Montant TTC\nF1;C1;05/01/2026;1 200,00\nF2;C1;06/01/2026;-50,5\n"
)
ODD = "belegnr,kunde,datum,betrag,art\nF1,C1,01.05.2026,1.50,Rech\nF2,C1,01.06.2026,2.50,Gut\n"


def signed_in(user: Any) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="TEST")


@pytest.fixture
def account(company: Company) -> CustomerAccount:
    return CustomerAccountFactory(company=company, code="C1")


@pytest.fixture
def accountant(company: Company) -> Client:
    return signed_in(make_user("receivables_accountant", company, "accountant"))


def upload(client: Client, kind: str, text: str, **changed: Any) -> Any:
    file = SimpleUploadedFile(f"{kind}.csv", text.encode("cp1252"))
    data = {"file": file, "kind": kind, "company": "TEST", "mapping": "auto"}
    return client.post(reverse("imports:new"), data | changed)


def page(client: Client, name: str, *arguments: Any) -> Any:
    return client.get(reverse(f"imports:{name}", args=arguments))


def test_a_file_with_plain_columns_is_looked_at_and_entered(
    accountant: Client, account: CustomerAccount, work_drain: Drain
) -> None:
    response = upload(accountant, "invoices", INVOICES + "F3;NOBODY;06/01/2026;1\n")
    run = ImportRun.objects.get()
    assert response.headers["Location"] == reverse("imports:detail", args=[run.pk])
    shown = page(accountant, "detail", run.pk)
    assert (run.status, run.kind) == ("previewed", "invoices")
    assert shown.context["columns"][0] == ("N° facture", "Number")
    assert shown.context["head"][0] == (
        2,
        [("F1", ""), ("C1", ""), ("05/01/2026", "2026-01-05"), ("1 200,00", "1200.00")],
    )
    assert "1 line of 3 cannot be booked." in shown.content.decode()
    assert [(e["line"], e["column"]) for e in shown.context["errors"]] == [(4, "Code client")]
    assert not Invoice.objects.exists()
    accountant.post(reverse("imports:confirm", args=[run.pk]), {"keep_good_lines": "1"})
    work_drain()
    done = page(accountant, "detail", run.pk)
    assert "New: 2, changed: 0, unchanged: 0." in done.content.decode()
    assert done.context["sums"] == [
        {"currency": "EUR", "read": Decimal("1149.50"), "booked": Decimal("1149.50"), "difference": 0}
    ]
    refused = b"".join(page(accountant, "refused", run.pk).streaming_content).decode("utf-8-sig")
    assert refused.splitlines()[1].startswith("4;Code client: There is no client with this code")
    assert sorted(Invoice.objects.values_list("number", flat=True)) == ["F1", "F2"]
    work = Work.objects.get(kind="imports.ledger")
    assert (work.state, work.done, work.total) == ("done", 3, 3)


def test_a_second_time_there_is_nothing_to_confirm(
    accountant: Client, account: CustomerAccount, work_drain: Drain
) -> None:
    upload(accountant, "invoices", INVOICES)
    accountant.post(reverse("imports:confirm", args=[ImportRun.objects.get().pk]))
    work_drain()
    upload(accountant, "invoices", INVOICES)
    shown = page(accountant, "detail", ImportRun.objects.latest("pk").pk)
    assert (shown.context["counts"]["new"], shown.context["counts"]["unchanged"]) == (0, 2)
    assert "Nothing in this file is new" in shown.content.decode()


def told(**columns: str) -> dict[str, str]:
    return {"date_format": "MM.DD.YYYY", "decimal": ".", "currency": "", "name": ""} | columns


def test_columns_nobody_guesses_are_told_once_and_kept(
    accountant: Client, account: CustomerAccount, work_drain: Drain
) -> None:
    response = upload(accountant, "invoices", ODD)
    run = ImportRun.objects.get()
    mapping = reverse("imports:mapping", args=[run.pk])
    assert response.headers["Location"] == mapping
    asked = accountant.get(mapping)
    assert [list(examples) for _field, examples in asked.context["rows"]][3] == ["1.50", "2.50"]
    incomplete = accountant.post(mapping, told(column_0="number", column_1="number"))
    assert incomplete.status_code == 422
    said = incomplete.content.decode()
    assert "“Number” is read from another column already." in said
    assert "No column is read as: Client code, Issue date, Amount incl. VAT." in said
    columns = {
        "column_0": "number",
        "column_1": "account",
        "column_2": "issue_date",
        "column_3": "total_incl_vat",
    }
    accountant.post(mapping, told(**columns, name="SAP export", currency="usd"))
    run.refresh_from_db()
    assert (run.status, run.mapping_name, run.counts["new"]) == ("previewed", "SAP export", 2)
    kept = SavedMapping.objects.get()
    assert (kept.name, kept.kind, kept.company.code) == ("SAP export", "invoices", "TEST")
    assert kept.headers == ["belegnr", "kunde", "datum", "betrag", "art"]
    # The next file with these columns, in any order, is read by it.
    upload(accountant, "invoices", "art,betrag,datum,kunde,belegnr\nRech,3,02.01.2026,C1,F9\n")
    second = ImportRun.objects.latest("pk")
    assert (second.status, second.mapping_name) == ("previewed", "SAP export")
    accountant.post(reverse("imports:confirm", args=[second.pk]))
    work_drain()
    assert Invoice.objects.get().currency == "USD"
    # One kind is not the other, and one company is not the other.
    upload(accountant, "payments", ODD)
    assert ImportRun.objects.latest("pk").mapping_name == ""


def test_words_are_told_what_they_mean(
    accountant: Client, account: CustomerAccount, work_drain: Drain
) -> None:
    text = "id;client;date;montant;mode\nV1;C1;05/01/2026;10;VIRT\nV2;C1;05/01/2026;10;chèque\n"
    upload(accountant, "payments", text)
    run = ImportRun.objects.get()
    assert run.counts["refused"] == 1
    mapping = reverse("imports:mapping", args=[run.pk])
    (word,) = accountant.get(mapping).context["words"]
    assert word.label == "“virt” in “mode” means"
    names = ("external_id", "account", "date", "amount", "method")
    columns = {f"column_{n}": name for n, name in enumerate(names)}
    given = told(**columns, date_format="DD/MM/YYYY", decimal="", **{word.html_name: "transfer"})
    accountant.post(mapping, given)
    run.refresh_from_db()
    assert (run.counts["refused"], run.counts["new"]) == (0, 2)
    accountant.post(reverse("imports:confirm", args=[run.pk]))
    work_drain()
    assert dict(Payment.objects.values_list("external_id", "method")) == {"V1": "transfer", "V2": "cheque"}
    assert accountant.get(mapping).status_code == 302  # it is done: nothing to say any more


def test_a_kept_mapping_is_changed_renamed_and_dropped(accountant: Client, account: CustomerAccount) -> None:
    upload(accountant, "invoices", INVOICES)
    run = ImportRun.objects.get()
    columns = {
        "column_0": "number",
        "column_1": "account",
        "column_2": "issue_date",
        "column_3": "total_incl_vat",
    }
    given = told(**columns, date_format="DD/MM/YYYY", decimal=",", name="Sage")
    accountant.post(reverse("imports:mapping", args=[run.pk]), given)
    kept = SavedMapping.objects.get()
    address = reverse("imports:saved_mapping", args=[kept.pk])
    assert accountant.get(address).context["form"]["decimal"].initial == ","
    accountant.post(address, given | {"name": "Sage 100", "currency": "CHF"})
    renamed = SavedMapping.objects.get()
    assert renamed.name == "Sage 100"
    assert 'currency = "CHF"' in renamed.text
    assert accountant.post(address, given).status_code == 404
    assert "Sage 100" in page(accountant, "mappings").content.decode()
    upload(accountant, "invoices", INVOICES, mapping=f"saved:{renamed.pk}")
    assert ImportRun.objects.latest("pk").mapping_name == "Sage 100"
    wrong = upload(accountant, "payments", INVOICES, mapping=f"saved:{renamed.pk}")
    assert "This mapping is for another kind of file" in wrong.content.decode()
    accountant.post(reverse("imports:drop_mapping", args=[renamed.pk]))
    assert not SavedMapping.objects.exists()
    acts = AuditEvent.objects.filter(action__startswith="mapping.").order_by("pk")
    assert [act.action for act in acts] == [
        "mapping.saved",
        "mapping.saved",
        "mapping.dropped",
        "mapping.dropped",
    ]


def test_others_do_not_see_how_files_are_read_here(
    accountant: Client, company: Company, account: CustomerAccount
) -> None:
    upload(accountant, "invoices", ODD)
    run = ImportRun.objects.get()
    kept = SavedMapping.objects.create(
        company=company,
        kind="invoices",
        name="Kept by DEMO",
        text="",
        updated_by=run.requested_by,
        updated_at=timezone.now(),
    )
    elsewhere = signed_in(make_user("receivables_accountant", CompanyFactory(code="OTHER")))
    rep = signed_in(make_user("sales", company))
    for name, key in (("mapping", run.pk), ("saved_mapping", kept.pk)):
        assert page(elsewhere, name, key).status_code == 404
        assert page(rep, name, key).status_code == 403
    drop = reverse("imports:drop_mapping", args=[kept.pk])
    assert (elsewhere.post(drop).status_code, rep.post(drop).status_code) == (404, 403)
    assert len(page(elsewhere, "mappings").context["table"].rows) == 0
    assert page(rep, "mappings").status_code == 403
    assert "Kept by DEMO" not in page(elsewhere, "new").content.decode()


def test_only_kinds_one_may_enter_by_hand_are_offered(accountant: Client, company: Company) -> None:
    adv = signed_in(make_user("adv_manager", company))

    def offered(client: Client) -> list[str]:
        return [code for code, _label in page(client, "new").context["form"].fields["kind"].choices]

    assert offered(adv) == [
        "ledger",
        "accounts",
        "orders",
        "invoices",
        "rates",
        "cover",
        "statements",
        "notices",
        "approvals",
    ]
    assert offered(accountant) == [
        "ledger",
        "invoices",
        "payments",
        "rates",
        "cover",
        "statements",
        "notices",
        "approvals",
    ]
    refused = upload(adv, "payments", "id;date;montant\nV1;05/01/2026;1\n")
    assert "Select a valid choice." in refused.content.decode()
    assert (page(adv, "sample", "payments").status_code, page(adv, "sample", "none").status_code) == (
        404,
        404,
    )


@pytest.mark.parametrize(
    "kind",
    ["ledger", "accounts", "orders", "invoices", "rates", "cover", "statements", "notices", "approvals"],
)
def test_the_sample_of_each_kind_is_read_back_without_a_word(company: Company, kind: str) -> None:
    CustomerAccountFactory(company=company, code="C0001")
    adv = signed_in(make_user("adv_manager", company))
    sample = page(adv, "sample", kind)
    assert f'filename="sample-{kind}.csv"' in sample.headers["Content-Disposition"]
    upload(adv, kind, sample.content.decode("utf-8-sig"))
    run = ImportRun.objects.get()
    assert (run.status, run.counts["lines"]) == ("previewed", 1)


def test_orders_by_a_file_in_the_browser(
    company: Company, account: CustomerAccount, work_drain: Drain
) -> None:
    adv = signed_in(make_user("adv_manager", company))
    text = "commande;client;code article;désignation;qté;pu\nA1;C1;X;Vanne;2;10,00\nA1;C1;Y;Joint;1;1\n"
    upload(adv, "orders", text)
    run = ImportRun.objects.get()
    assert (run.counts["new"], run.counts["lines"]) == (1, 2)
    assert not Order.objects.exists()
    adv.post(reverse("imports:confirm", args=[run.pk]))
    work_drain()
    assert Order.objects.get().submitted_by == run.requested_by


def test_the_list_of_mappings_asks_as_often_for_three_as_for_one(
    accountant: Client, company: Company, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    by = make_user("adv_manager", company)

    def count() -> int:
        with django_assert_max_num_queries(30) as found:
            page(accountant, "mappings")
        return len(found)

    def keep(name: str) -> None:
        SavedMapping.objects.create(
            company=company, kind="rates", name=name, text="", updated_by=by, updated_at=timezone.now()
        )

    keep("1")
    page(accountant, "mappings")
    one = count()
    keep("2")
    keep("3")
    assert count() == one
