"""Links by the API: made, listed and revoked with the rights of the pages; an address is told once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.enums import ContactRole, TeamRole
from accounts.models import Contact, CustomerAccount, TeamMember, User
from disputes import services as disputes
from disputes.enums import DisputeOrigin, DisputeType
from disputes.models import Dispute, ResolverLink
from dunning.models import ClientLink
from dunning.services import links
from o2c.shared.calendar import paris_date
from o2c.shared.models import IdempotencyKey, OutboxMessage
from tests.factories.accounts import CustomerAccountFactory, make_user
from tests.factories.invoicing import make_invoice

pytestmark = pytest.mark.django_db
V1 = "/api/v1/"
NOW = timezone.now()


@pytest.fixture
def speak(people: dict[str, User]) -> Callable[[str], APIClient]:
    """Ask for the client of anybody by user name."""

    def of(name: str) -> APIClient:
        client = APIClient(headers={"accept-language": "en"})
        client.force_authenticate(User.objects.get(username=name))
        return client

    return of


@pytest.fixture
def accountant(account: CustomerAccount) -> User:
    return make_user("receivables_accountant", account.company, "books")


@pytest.fixture
def case(account: CustomerAccount, accountant: User) -> Dispute:
    owner = make_user("dispute_owner", account.company, "owner")
    invoice = make_invoice(account, "1000", by=accountant, at=NOW)
    made = disputes.open_dispute(
        contested=[disputes.Contested(invoice_id=invoice.pk)],
        type=DisputeType.QUANTITY, origin=DisputeOrigin.CALL, by=accountant, at=NOW,
    )  # fmt: skip
    adv = make_user("adv_officer", account.company, "their adv")
    return disputes.qualify(dispute_id=made.pk, owner=owner, by=adv, at=NOW)


class TestOfClients:
    def test_the_address_is_told_once_and_opens(
        self, speak: Callable[[str], APIClient], account: CustomerAccount, accountant: User
    ):
        books = speak(accountant.username)
        made = books.post(
            f"{V1}client-links/", {"account": account.code, "days": 5}, headers={"Idempotency-Key": "K"}
        )
        told = made.json()
        assert (made.status_code, told["state"], told["sent_to"], told["reminder"]) == (
            201,
            "alive",
            "",
            None,
        )
        assert Client().get(told["address"]).status_code == 200
        again = books.post(
            f"{V1}client-links/", {"account": account.code, "days": 5}, headers={"Idempotency-Key": "K"}
        )
        assert (again.json()["id"], again.json()["address"]) == (told["id"], None)
        assert told["address"] not in str(IdempotencyKey.objects.get(key="K").body)
        (row,) = books.get(f"{V1}client-links/?account={account.code}&alive=1").json()["results"]
        assert (row["id"], row["address"], row["created_by"]) == (told["id"], None, "books")
        ended = books.post(f"{V1}client-links/{told['id']}/revoke/")
        assert (ended.status_code, ended.json()["state"], ended.json()["revoked_by"]) == (
            200,
            "revoked",
            "books",
        )
        assert books.post(f"{V1}client-links/{told['id']}/revoke/").status_code == 409
        assert books.get(f"{V1}client-links/?alive=1").json()["count"] == 0
        assert books.get(f"{V1}client-links/{told['id']}/").json()["state"] == "revoked"
        assert Client().get(told["address"]).status_code != 200

    def test_it_goes_to_a_contact_of_the_client_alone(
        self, speak: Callable[[str], APIClient], account: CustomerAccount, accountant: User
    ):
        Contact.objects.create(
            account=account, name="Rose", role=ContactRole.INVOICE_RECEIPT, email="Rose@client.test"
        )
        books = speak(accountant.username)
        body = {"account": account.code, "email": "rose@client.test"}
        assert books.post(f"{V1}client-links/", body).json()["sent_to"] == "Rose@client.test"
        assert OutboxMessage.objects.get(kind=links.KIND).to == "Rose@client.test"
        wrong = books.post(f"{V1}client-links/", body | {"email": "x@elsewhere.test"})
        assert (wrong.status_code, list(wrong.json()["errors"])) == (400, ["email"])
        for days in (0, 91, "many"):
            assert (
                books.post(f"{V1}client-links/", {"account": account.code, "days": days}).status_code == 400
            )
        assert ClientLink.objects.count() == 1

    def test_who_may_not_is_refused(
        self, speak: Callable[[str], APIClient], account: CustomerAccount, accountant: User
    ):
        made = links.make_link(account_id=account.pk, by=accountant, at=NOW).link
        auditor = speak("auditor")
        assert auditor.get(f"{V1}client-links/").json()["count"] == 1
        assert auditor.post(f"{V1}client-links/", {"account": account.code}).status_code == 403
        assert auditor.post(f"{V1}client-links/{made.pk}/revoke/").status_code == 403
        stranger = make_user("sales", account.company, "stranger")
        other = CustomerAccountFactory(company=account.company)
        TeamMember.objects.create(
            account=other, user=stranger, role=TeamRole.SALES_REP,
            valid_from=paris_date(NOW) - timedelta(days=9),
        )  # fmt: skip
        outside = speak(stranger.username)
        assert outside.get(f"{V1}client-links/").json()["count"] == 0
        assert outside.get(f"{V1}client-links/{made.pk}/").status_code == 404
        assert outside.post(f"{V1}client-links/{made.pk}/revoke/").status_code == 404
        assert outside.post(f"{V1}client-links/", {"account": account.code}).status_code == 404


class TestOfCases:
    def test_the_owner_sends_lists_and_revokes(self, speak: Callable[[str], APIClient], case: Dispute):
        owner, address = speak("owner"), f"{V1}disputes/{case.number}/links/"
        body = {"name": "Léa Martin", "email": "lea@quality.test", "language": "en", "days": 3}
        made = owner.post(address, body)
        assert (made.status_code, made.json()["state"], made.json()["sent_to"]) == (
            201,
            "alive",
            "lea@quality.test",
        )
        link = ResolverLink.objects.get()
        mail = OutboxMessage.objects.get(key=f"case-link:{link.pk}")
        assert "/case/" in mail.text
        assert "/case/" not in made.content.decode()
        listed = owner.get(address).json()
        assert (listed["count"], listed["results"][0]["id"]) == (1, link.pk)
        ended = owner.post(f"{address}{link.pk}/revoke/")
        assert (ended.status_code, ended.json()["state"], ended.json()["revoked_by"]) == (
            200,
            "revoked",
            "owner",
        )
        assert owner.post(f"{address}{link.pk}/revoke/").status_code == 409

    def test_nobody_else_does(
        self, speak: Callable[[str], APIClient], case: Dispute, account: CustomerAccount
    ):
        make_user("dispute_owner", account.company, "another")
        address, body = f"{V1}disputes/{case.number}/links/", {"name": "L", "email": "l@quality.test"}
        for who in ("another", "auditor"):
            assert speak(who).post(address, body).status_code == 403
            assert speak(who).post(f"{address}1/revoke/").status_code == 403
        assert speak("auditor").get(address).json()["count"] == 0
        assert speak("owner").post(f"{address}999/revoke/").status_code == 404
        assert speak("owner").get(f"{V1}disputes/NONE/links/").status_code == 404
        for wrong in ({"email": "nobody"}, {"name": ""}, {"days": 91}, {"language": "de"}):
            assert speak("owner").post(address, body | wrong).status_code == 400
        assert not ResolverLink.objects.exists()

    def test_an_ended_case_takes_no_answer(
        self, speak: Callable[[str], APIClient], case: Dispute, account: CustomerAccount
    ):
        manager = make_user("credit_manager", account.company, "decides")
        disputes.reject(dispute_id=case.pk, reason="proof", by=manager, at=NOW)
        answer = speak("decides").post(
            f"{V1}disputes/{case.number}/links/", {"name": "L", "email": "l@quality.test"}
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "dispute_ended")
