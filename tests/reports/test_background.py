"""Reports too long for one answer: written by the worker, fetched by whoever asked and still may read them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Company, CustomerAccount, RoleGrant, User
from o2c.reports import background, exposure_screen, exposure_views
from o2c.reports.catalogue import AGED_BALANCE, EXPOSURE, Asked
from o2c.reports.files import TooLongForPaper
from o2c.reports.scope import Selection
from o2c.shared import results
from o2c.shared import work as work_table
from o2c.shared.calendar import paris_date
from o2c.shared.models import Notice, Work
from o2c.shared.problems import NotAllowed, NotFound
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_invoice

pytestmark = pytest.mark.django_db

NOW = timezone.now()
TODAY = paris_date(NOW)


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="TEST")


@pytest.fixture
def reader(company: Company) -> User:
    return make_user("finance_director", company)


@pytest.fixture
def book(company: Company) -> list[CustomerAccount]:
    """Three clients, two of whom owe."""
    by = make_user("receivables_accountant", company)
    accounts = [CustomerAccountFactory(company=company, code=f"A{number}") for number in range(3)]
    for account in accounts[:2]:
        make_invoice(account, "10.00", by=by, at=NOW)
    return accounts


@pytest.fixture
def _two_rows_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "AT_ONCE", dict.fromkeys(background.AT_ONCE, 2))


def asked(report: str = EXPOSURE, **fields: Any) -> Asked:
    return Asked(report=report, as_of=TODAY, **fields)


def prepared(company: Company, user: User, file_format: str = "json", **fields: Any) -> Work:
    return background.prepare(asked(**fields), file_format, user=user, company=company, language="en")


def done(row: Work) -> Work:
    work_table.drain()
    row.refresh_from_db()
    return row


def signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


@pytest.mark.usefixtures("_two_rows_at_once")
def test_a_report_is_long_by_the_clients_it_can_have(
    company: Company, reader: User, book: list[CustomerAccount]
) -> None:
    for question, long in (
        (asked(EXPOSURE), True),
        (asked(AGED_BALANCE), False),
        (asked(EXPOSURE, selection=Selection(account="A0")), False),
    ):
        assert background.is_long(question, "csv", user=reader, company=company) is long


def test_the_file_is_that_of_the_report_and_its_asker_is_told(
    company: Company, reader: User, book: list[CustomerAccount]
) -> None:
    row = done(prepared(company, reader))

    assert row.state == "done"
    assert (row.done, row.total) == (0, 0) or row.done == row.total
    answer: Any = signed_in(reader).get(row.result["url"])
    assert answer["Content-Disposition"] == f'attachment; filename="exposure_TEST_{TODAY}.json"'
    found = json.loads(b"".join(answer.streaming_content))
    assert [line["account"] for line in found["rows"]] == ["A0", "A1", "A2"]
    notice = Notice.objects.get(user=reader, kind="file.ready")
    assert notice.url == reverse("jobs")


def test_rows_written_are_counted(company: Company, reader: User, book: list[CustomerAccount]) -> None:
    row = done(prepared(company, reader, "csv"))

    assert (row.done, row.total) == (3, 3)


def test_the_same_question_while_it_waits_is_one_piece_of_work(
    company: Company, reader: User, book: list[CustomerAccount]
) -> None:
    first, second = prepared(company, reader), prepared(company, reader)
    other = prepared(company, reader, report=AGED_BALANCE)

    assert first.pk == second.pk != other.pk


def test_a_run_that_is_repeated_leaves_one_file(
    company: Company, reader: User, book: list[CustomerAccount]
) -> None:
    row = done(prepared(company, reader))
    Work.objects.filter(pk=row.pk).update(state="queued")
    again = done(row)

    assert again.result["file"] == f"results/{row.pk}"
    assert default_storage.listdir("results")[1] == [str(row.pk)]
    assert Notice.objects.filter(kind="file.ready").count() == 1


def test_nobody_else_fetches_it(company: Company, reader: User, book: list[CustomerAccount]) -> None:
    row = done(prepared(company, reader))
    colleague = signed_in(make_user("finance_director", company))

    assert colleague.get(row.result["url"]).status_code == 404
    assert colleague.get(row.result["result_url"]).status_code == 404
    assert Client().get(row.result["result_url"]).status_code == 401


def test_who_lost_the_right_meanwhile_does_not_fetch_it(
    company: Company, reader: User, book: list[CustomerAccount]
) -> None:
    row = done(prepared(company, reader))
    grant = RoleGrant.objects.get(user=reader)
    for role in ("dispute_owner", "sales"):  # no reports at all; reports of a portfolio alone
        grant.role_id = role
        grant.save()
        client = signed_in(User.objects.get(pk=reader.pk))
        assert client.get(row.result["url"]).status_code == 404
        assert client.get(row.result["result_url"]).status_code == 404


def test_who_lost_the_right_before_it_was_written_gets_none(
    company: Company, reader: User, book: list[CustomerAccount]
) -> None:
    row = prepared(company, reader)
    RoleGrant.objects.filter(user=reader).delete()

    row = done(row)

    assert (row.state, row.attempts, row.result) == ("failed", 1, {})
    assert row.message


def test_the_file_is_removed_when_its_time_is_over(
    company: Company, reader: User, book: list[CustomerAccount]
) -> None:
    row = done(prepared(company, reader))
    removal = Work.objects.get(kind=results.REMOVE)
    assert timedelta(days=6) < removal.not_before - timezone.now() <= results.KEPT_FOR
    Work.objects.filter(pk=removal.pk).update(not_before=NOW)
    address = row.result["url"]

    row = done(row)

    assert not default_storage.exists(f"results/{row.pk}")
    assert (row.result["removed"], "url" in row.result) == (True, False)
    assert signed_in(reader).get(address).status_code == 404


def test_what_may_not_be_asked_for(company: Company, book: list[CustomerAccount], monkeypatch: Any) -> None:
    with pytest.raises(NotAllowed):
        prepared(company, make_user("dispute_owner", company))
    reader = make_user("finance_director", company)
    with pytest.raises(NotFound):
        prepared(company, reader, selection=Selection(account="NONE"))
    monkeypatch.setattr(background, "MOST_ON_PAPER", 1)
    with pytest.raises(TooLongForPaper):
        prepared(company, reader, "pdf")
    assert not Work.objects.filter(kind=background.KIND).exists()


@pytest.mark.usefixtures("_two_rows_at_once")
def test_the_page_offers_the_file_in_the_background_and_the_work_page_gives_it(
    company: Company, reader: User, book: list[CustomerAccount]
) -> None:
    client = signed_in(reader)

    offered = client.get(reverse("reports:exposure"), {"export": "csv", "sort": "name"})
    assert offered.status_code == 200
    assert "Prepare the file" in offered.content.decode()
    assert not Work.objects.filter(kind=background.KIND).exists()
    body = {"kind": "csv", "query": offered.context["query"]}
    answer = client.post(reverse("reports:prepare", args=["exposure"]), body, follow=True)

    assert answer.redirect_chain == [(reverse("jobs"), 302)]
    assert "Report as a file" in answer.content.decode()
    work_table.drain()
    shown = client.get(reverse("jobs")).content.decode()
    row = Work.objects.get(kind=background.KIND)
    assert f'href="{row.result["url"]}"' in shown
    assert "Report as a file" in shown


def test_what_the_page_does_not_know_is_not_found(company: Company, reader: User) -> None:
    client = signed_in(reader)

    assert client.post(reverse("reports:prepare", args=["nonsense"]), {"kind": "csv"}).status_code == 404
    assert client.post(reverse("reports:prepare", args=["exposure"]), {"kind": "doc"}).status_code == 404
    assert client.get(reverse("reports:prepare", args=["exposure"])).status_code == 405


@pytest.mark.usefixtures("_two_rows_at_once")
def test_a_page_shows_some_of_any_number_of_clients(
    company: Company, reader: User, book: list[CustomerAccount], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exposure_screen, "ROWS", 2)
    monkeypatch.setattr(exposure_views, "ROWS", 2)
    client = signed_in(reader)

    pages = (("1", ["A0", "A1"], (1, 2, 3)), ("2", ["A2"], (3, 3, 3)), ("9", ["A2"], (3, 3, 3)))
    for page, codes, shown in pages:
        answer = client.get(reverse("reports:exposure"), {"sort": "name", "page": page})
        screen = answer.context["screen"]
        assert [line.row.account for line in screen.lines] == codes
        assert (screen.first, screen.last, screen.count) == shown
        assert answer.context["report"].totals["net_exposure"] == 20
    huge = client.get(reverse("reports:exposure"), {"sort": "name", "page": "9" * 5000})
    assert [line.row.account for line in huge.context["screen"].lines] == ["A0", "A1"]
    unknown = client.get(reverse("reports:exposure"), {"account": "NONE"})
    assert list(unknown.context["form"].errors) == ["account"]


@pytest.mark.parametrize("report", [EXPOSURE, AGED_BALANCE])
@pytest.mark.parametrize("file_format", ["csv", "json"])
def test_the_worker_writes_the_very_file_of_the_page(
    company: Company, reader: User, book: list[CustomerAccount], report: str, file_format: str
) -> None:
    row = done(prepared(company, reader, file_format, report=report))

    client, page = signed_in(reader), reverse(f"reports:{report.replace('-', '_')}")
    written: Any = client.get(row.result["url"])
    direct: Any = client.get(page, {"export": file_format})
    assert b"".join(written.streaming_content) == b"".join(direct.streaming_content)
    assert row.done == row.total > 0
