"""Bringing in a ledger in the browser: look, confirm, follow, result; nothing booked that was not confirmed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Company, CustomerAccount, User
from invoicing.models import Invoice, ReceivableItem
from o2c.imports import runs
from o2c.imports.models import ImportRun
from o2c.shared.models import Work
from tests.factories.accounts import CompanyFactory, make_user

pytestmark = pytest.mark.django_db

DATA = Path(__file__).resolve().parents[1] / "data"
Drain = Callable[[], int]


def signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="TEST")


@pytest.fixture
def adv(company: Company) -> Client:
    return signed_in(make_user("adv_manager", company))


def uploaded(name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, (DATA / name).read_bytes())


def upload(client: Client, name: str = "ledger_small.csv", **changed: Any) -> Any:
    data = {
        "file": uploaded(name),
        "kind": "ledger",
        "company": "TEST",
        "mapping": "own",
        "mapping_file": uploaded("ledger_small.toml"),
        "as_of": "31/10/2026",
    }
    return client.post(reverse("imports:new"), {**data, **changed})


def shown(client: Client, run: ImportRun) -> Any:
    return client.get(reverse("imports:detail", args=[run.pk]))


def test_a_file_is_looked_at_then_booked_when_confirmed(adv: Client, work_drain: Drain) -> None:
    response = upload(adv)
    run = ImportRun.objects.get()
    assert response.headers["Location"] == reverse("imports:detail", args=[run.pk])
    page = shown(adv, run)
    assert run.status == "previewed"
    assert not Invoice.objects.exists()
    assert page.context["columns"][-2:] == [("Contesté", "Disputed amount"), ("Note", "")]
    assert page.context["counts"]["head"][1][:4] == [3, "C100", "Façades Mirabel", "FX-0002"]
    assert "New clients: 3, new invoices: 5, settled: 1." in page.content.decode()
    assert page.context["sums"] == [
        {"currency": "EUR", "read": Decimal("5300.50"), "booked": None, "difference": None}
    ]
    adv.post(reverse("imports:confirm", args=[run.pk]))
    line = adv.get(reverse("imports:progress", args=[run.pk]))
    assert (line.status_code, "HX-Refresh" in line.headers) == (200, False)
    assert "The file is being booked" in shown(adv, run).content.decode()
    work_drain()
    line = adv.get(reverse("imports:progress", args=[run.pk]))
    assert (line.status_code, line.headers["HX-Refresh"]) == (286, "true")
    done = shown(adv, run)
    assert done.context["run"].status == "done"
    assert done.context["sums"][0]["difference"] == 0
    assert done.context["aged_url"] == reverse("reports:aged_balance") + "?as_of=2026-10-31"
    opened = ReceivableItem.objects.exclude(open_amount=0).values_list("document", "open_amount")
    assert dict(opened) == {"FX-0002": Decimal("830.50"), "FX-0003": 2400, "FX-0004": 990, "AV-0001": -120}


def test_the_same_file_again_has_nothing_to_confirm(adv: Client, work_drain: Drain) -> None:
    for _time in range(2):
        upload(adv)
        run = ImportRun.objects.latest("pk")
        page = shown(adv, run).content.decode()
        adv.post(reverse("imports:confirm", args=[run.pk]))
        work_drain()
    assert "Nothing in this file is new" in page
    assert Invoice.objects.count() == 5


def test_a_broken_date_names_its_line_and_books_nothing(adv: Client, work_drain: Drain) -> None:
    upload(adv, "ledger_broken_date.csv")
    run = ImportRun.objects.get()
    page = shown(adv, run)
    assert [(row["line"], row["column"]) for row in page.context["errors"]] == [(3, "Échéance")]
    assert "31/11/2026" in page.context["errors"][0]["message"]
    assert "1 line of 5 cannot be booked." in page.content.decode()
    adv.post(reverse("imports:confirm", args=[run.pk]))  # all or nothing
    work_drain()
    refused = shown(adv, run)
    assert refused.context["run"].status == "failed"
    assert "Nothing has changed in your books." in refused.content.decode()
    assert not Invoice.objects.exists()
    assert not CustomerAccount.objects.exists()


def test_good_lines_are_booked_and_the_others_come_back_as_a_file(adv: Client, work_drain: Drain) -> None:
    upload(adv, "ledger_broken_date.csv")
    run = ImportRun.objects.get()
    adv.post(reverse("imports:confirm", args=[run.pk]), {"keep_good_lines": "1"})
    work_drain()
    assert sorted(Invoice.objects.values_list("number", flat=True)) == [
        "AV-0001",
        "FX-0001",
        "FX-0003",
        "FX-0004",
    ]
    response = adv.get(reverse("imports:refused", args=[run.pk]))
    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert [line.split(";")[0] for line in lines[1:]] == ["3"]
    assert "FX-0002" in lines[1]
    assert 'filename="ledger_broken_date-refused.csv"' in response.headers["Content-Disposition"]


def test_a_large_file_is_looked_at_in_the_background(
    adv: Client, work_drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "AT_ONCE", 10)
    upload(adv)
    run = ImportRun.objects.get()
    assert Work.objects.get(kind="imports.preview").state == "queued"
    assert "The file is being read" in shown(adv, run).content.decode()
    work_drain()
    page = shown(adv, run)
    assert (page.context["run"].status, len(page.context["counts"]["head"])) == ("previewed", 5)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"mapping_file": ""}, "Choose the TOML file of your mapping."),
        ({"mapping_file": SimpleUploadedFile("m.toml", b"[columns]\nA = 'nothing'")}, "is no field"),
        ({"file": ""}, "This field is required."),
        ({"as_of": "31/11/2026"}, "This date does not exist."),
        ({"company": "ELSE"}, "Select a valid choice."),
    ],
)
def test_what_is_missing_is_said_at_its_field(changed: dict[str, Any], said: str, adv: Client) -> None:
    CompanyFactory(code="ELSE")
    response = upload(adv, **changed)
    assert response.status_code == 422
    assert said in response.content.decode()
    assert not ImportRun.objects.exists()


def test_a_file_that_is_no_table_is_refused_with_a_reason(adv: Client) -> None:
    upload(adv, file=SimpleUploadedFile("image.csv", b"a;b\x00\n1;2"))
    page = shown(adv, ImportRun.objects.get())
    assert "This file cannot be read, and nothing was booked" in page.content.decode()
    assert [row["line"] for row in page.context["errors"]] == [1]


def test_a_missing_column_is_named(adv: Client) -> None:
    upload(adv, mapping="ibm-ar", mapping_file="")
    page = shown(adv, ImportRun.objects.get())
    assert any("customerID" in row["message"] for row in page.context["errors"])
    assert page.context["good"] == 0 or page.context["counts"]["lines"] == 0


def test_started_once_and_no_more(adv: Client) -> None:
    upload(adv)
    run = ImportRun.objects.get()
    adv.post(reverse("imports:confirm", args=[run.pk]))
    again = adv.post(reverse("imports:confirm", args=[run.pk]), follow=True)
    assert [m.message for m in again.context["messages"]] == ["This import has been started already."]
    assert Work.objects.filter(kind="imports.ledger").count() == 1


def test_only_importers_of_the_company_see_an_import(adv: Client, company: Company) -> None:
    upload(adv)
    run = ImportRun.objects.get()
    elsewhere = signed_in(make_user("adv_manager", CompanyFactory(code="OTHER")))
    rep = signed_in(make_user("sales", company))
    for name in ("detail", "progress", "refused"):
        url = reverse(f"imports:{name}", args=[run.pk])
        assert (elsewhere.get(url).status_code, rep.get(url).status_code) == (404, 403)
    confirm = reverse("imports:confirm", args=[run.pk])
    assert (elsewhere.post(confirm).status_code, rep.post(confirm).status_code) == (404, 403)
    assert rep.get(reverse("imports:new")).status_code == 403
    assert len(elsewhere.get(reverse("imports:list")).context["table"].rows) == 0
    assert len(adv.get(reverse("imports:list")).context["table"].rows) == 1


def test_who_sees_every_company_may_make_one(company: Company, work_drain: Drain) -> None:
    admin = signed_in(make_user("administrator", company))
    upload(admin, company="fresh")
    run = ImportRun.objects.get()
    admin.post(reverse("imports:confirm", args=[run.pk]))
    work_drain()
    assert Company.objects.get(code="FRESH").currency == "EUR"
    assert Invoice.objects.filter(company__code="FRESH").count() == 5


def test_the_list_asks_as_often_for_three_runs_as_for_one(
    adv: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    def count() -> int:
        with django_assert_max_num_queries(30) as found:
            adv.get(reverse("imports:list"))
        return len(found)

    upload(adv)
    adv.get(reverse("imports:list"))
    one = count()
    upload(adv)
    upload(adv)
    assert count() == one
    row = adv.get(reverse("imports:list")).context["table"].page[0].record
    assert (row.lines_read, row.lines_refused) == (5, 0)
