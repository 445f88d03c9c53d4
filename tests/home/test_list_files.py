"""Long lists as files: offered on their page, written by the worker as their asker sees them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from accounts.models import Company, RoleGrant, User
from o2c.shared import list_file
from o2c.shared import work as work_table
from o2c.shared.models import Work
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user

pytestmark = pytest.mark.django_db

KIND = "lists.file"


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="TEST")


@pytest.fixture
def adv(company: Company) -> User:
    for number in range(3):
        CustomerAccountFactory(company=company, code=f"A{number}", name=f"Client {number}")
    return make_user("adv_officer", company)


@pytest.fixture(autouse=True)
def _two_rows_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_file, "WRITTEN_AT_ONCE", 2)
    monkeypatch.setattr(list_file, "AT_ONCE", {"csv": 2, "xlsx": 2})


def signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def ask(client: Client, path: str = "/clients/", query: str = "", kind: str = "xlsx") -> Any:
    return client.post(reverse("list_file"), {"path": path, "query": query, "kind": kind})


def test_a_short_list_is_sent_at_once(adv: User) -> None:
    answer: Any = signed_in(adv).get("/clients/", {"export": "csv", "q": "A1"})

    assert b"".join(answer.streaming_content).decode("utf-8-sig").count("\r\n") == 2


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_long_list_is_offered_and_nothing_is_asked_for_yet(adv: User, kind: str) -> None:
    answer = signed_in(adv).get("/clients/", {"export": kind, "sort": "-name"})

    page = answer.content.decode()
    assert "3 lines" in page
    assert 'name="query" value="sort=-name"' in page
    assert not Work.objects.filter(kind=KIND).exists()


def test_it_is_written_with_its_filters_order_and_columns(adv: User, tmp_path: Any) -> None:
    client = signed_in(adv)

    assert ask(client, query="sort=-name").url == reverse("jobs")
    work_table.drain()

    row = Work.objects.get(kind=KIND)
    assert (row.state, row.done, row.total) == ("done", 3, 3)
    answer: Any = client.get(row.result["url"])
    file = tmp_path / "list.xlsx"
    file.write_bytes(b"".join(answer.streaming_content))
    lines = list(load_workbook(file).active.iter_rows(values_only=True))
    names = [str(line) for line in lines[1:]]
    assert [name for name in ("Client 2", "Client 1", "Client 0") if any(name in line for line in names)] == [
        "Client 2", "Client 1", "Client 0"
    ]  # fmt: skip
    assert "Client 2" in names[0]
    here: Any = client.get("/clients/", {"export": "csv", "q": "A1"})
    assert here.status_code == 200


def test_a_rep_gets_the_own_portfolio(company: Company, adv: User) -> None:
    rep = make_user("sales", company)
    CustomerAccountFactory(company=company, code="MINE", rep=rep)
    client = signed_in(rep)

    ask(client, kind="csv")
    work_table.drain()

    answer: Any = client.get(Work.objects.get(kind=KIND).result["url"])
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert ("MINE" in text, "A0" in text) == (True, False)


def test_who_may_not_read_the_list_may_not_have_it_written(company: Company, adv: User) -> None:
    owner = signed_in(make_user("dispute_owner", company))

    assert ask(owner, path="/journal/").status_code == 403
    assert ask(Client()).status_code == 302
    assert not Work.objects.filter(kind=KIND).exists()


@pytest.mark.parametrize("path", ["/", "/nowhere/", "/api/v1/accounts/", "/login/", ""])
def test_only_lists_can_be_written(adv: User, path: str) -> None:
    assert ask(signed_in(adv), path=path).status_code == 404
    assert ask(signed_in(adv), kind="exe").status_code == 404


def test_a_right_lost_before_it_is_written_ends_the_work(adv: User) -> None:
    ask(signed_in(adv))
    RoleGrant.objects.filter(user=adv).delete()

    work_table.drain()

    row = Work.objects.get(kind=KIND)
    assert (row.state, row.attempts) == ("failed", 1)


def test_asked_twice_while_it_waits_it_is_written_once(adv: User) -> None:
    client = signed_in(adv)

    ask(client)
    ask(client)

    assert Work.objects.filter(kind=KIND).count() == 1
