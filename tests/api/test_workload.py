"""The work list with its reasons, what lies with whom, and who passed clients on, by HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.enums import TeamRole
from accounts.models import Company, CustomerAccount, TeamMember
from dunning.models import AccountRelay
from dunning.services.account_relays import pass_on
from o2c.shared.calendar import paris_date
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_item

pytestmark = pytest.mark.django_db
V1 = "/api/v1/"


def late(account: CustomerAccount, days: int, amount: str) -> None:
    today = paris_date(timezone.now())
    make_item(
        account, amount, by=make_user("receivables_accountant", account.company), at=timezone.now(),
        issued=today - timedelta(days=days + 30), due=today - timedelta(days=days),
    )  # fmt: skip


def collector(account: CustomerAccount, username: str) -> None:
    person = make_user("adv_officer", account.company, username)
    TeamMember.objects.create(
        account=account, user=person, role=TeamRole.COLLECTOR, valid_from=paris_date(timezone.now())
    )


def test_the_work_list_says_why_a_client_stands_where_it_does(
    api: Any, account: CustomerAccount, company: Company
) -> None:
    small = CustomerAccountFactory(company=company)
    late(account, 20, "1000.00")
    late(account, 40, "500.00")
    late(small, 10, "50.00")
    collector(account, "lea")
    answer = api("adv").get(f"{V1}work-list/").json()
    assert (answer["count"], answer["called_today"]) == (2, 0)
    first, second = answer["clients"]
    assert (first["account"], first["owed"], first["worth"], first["oldest_days"]) == (
        account.code, "1500.00", "1375.00", 40,
    )  # fmt: skip
    assert (first["collector"], first["level"], second["collector"]) == ("lea", "adv", None)
    assert [row["reason"] for row in answer["clients"]] == ["late", "late"]
    assert first["reason_text"]
    assert first["sites"] == [
        {"account": account.code, "name": account.name, "owed": "1500.00", "oldest_days": 40}
    ]
    mine = api("adv").get(f"{V1}work-list/", {"mine": "true"}).json()
    assert [row["account"] for row in mine["clients"]] == [small.code]
    refused = api("adv").get(f"{V1}work-list/", {"mine": "perhaps"})
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["mine"])


def relayed(client: CustomerAccount) -> AccountRelay:
    at = timezone.now()
    return AccountRelay.objects.create(
        company=client.company, account=client, from_level="adv", to_level="credit", on=paris_date(at), at=at
    )


def test_a_client_outside_the_reader_s_scope_is_in_no_list(
    api: Any, account: CustomerAccount, other_account: CustomerAccount
) -> None:
    foreign = CustomerAccountFactory(company=CompanyFactory())
    relays = {}
    for client in (account, other_account, foreign):
        late(client, 20, "100.00")
        relays[client.code] = relayed(client).pk

    def seen(who: str) -> list[set[str]]:
        listed = api(who).get(f"{V1}work-list/").json()
        assert listed["count"] == len(listed["clients"])
        passed = api(who).get(f"{V1}client-relays/").json()["results"]
        return [{row["account"] for row in rows} for rows in (listed["clients"], passed)]

    assert seen("adv") == [{account.code, other_account.code}] * 2
    assert seen("sales") == [{account.code}] * 2
    for who, code in (("adv", foreign.code), ("sales", other_account.code)):
        assert api(who).get(f"{V1}client-relays/{relays[code]}/").status_code == 404


def test_workload_by_person_for_those_who_steer(api: Any, account: CustomerAccount) -> None:
    late(account, 20, "1000.00")
    collector(account, "lea")
    (row,) = api("adv").get(f"{V1}workload/").json()["rows"]
    assert (row["collector"], row["clients"], row["sites"], row["documents"]) == ("lea", 1, 1, 1)
    assert (row["owed"], row["calls_due"], row["calls_made"]) == ("1000.00", 0, 0)
    assert api("sales").get(f"{V1}workload/").status_code == 403


def test_relays_with_their_history(api: Any, account: CustomerAccount) -> None:
    by = make_user("adv_manager", account.company, "lead")
    at = timezone.now()
    pass_on(account_id=account.pk, to="credit", reason="no answer", by=by, at=at)
    pass_on(account_id=account.pk, to="finance", reason="still none", by=by, at=at)
    rows = api("adv").get(f"{V1}client-relays/", {"account": account.code}).json()["results"]
    assert sorted((row["from_level"], row["to_level"], row["reason"], row["by"]) for row in rows) == [
        ("adv", "credit", "no answer", "lead"),
        ("credit", "finance", "still none", "lead"),
    ]
    (one,) = api("adv").get(f"{V1}client-relays/", {"to_level": "finance"}).json()["results"]
    assert api("adv").get(f"{V1}client-relays/{one['id']}/").json() == one
    assert api("adv").post(f"{V1}client-relays/", {}).status_code == 405


@pytest.mark.parametrize("path", ["work-list/", "workload/", "client-relays/"])
def test_as_many_queries_for_one_and_for_three(
    api: Any, account: CustomerAccount, company: Company, path: str
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as sent:
            assert api("adv").get(f"{V1}{path}").status_code == 200
        return len(sent)

    def one(client: CustomerAccount) -> None:
        late(client, 20, "100.00")
        collector(client, f"of-{client.code}")
        relayed(client)

    one(account)
    asked()
    few = asked()
    for _ in range(2):
        one(CustomerAccountFactory(company=company))
    assert asked() == few
