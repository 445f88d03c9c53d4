"""The client's own link: what it opens, what it refuses, and that every use and refusal stands in the journal."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.signing import Signer
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.enums import ContactRole, TeamRole
from accounts.models import Company, Contact, CustomerAccount, TeamMember, User
from disputes.enums import DisputeType
from disputes.models import Dispute
from dunning.models import ClientLink, ClientLinkAct, DunningRun, PromiseToPay, Reminder, ReminderLine
from dunning.services import links as services
from dunning.services import runs, sending
from dunning.services.scenarios import ensure_scenario
from invoicing.models import ReceivableItem
from invoicing.statement import NotWhole
from o2c.shared import link_pages, links, work
from o2c.shared.calendar import paris_date
from o2c.shared.log_masks import MaskKeys
from o2c.shared.models import AuditEvent, Notice, OutboxMessage, Work
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from tests.factories.accounts import CustomerAccountFactory, LegalEntityFactory, make_user
from tests.factories.factoring import approve, make_agreement, sell
from tests.factories.invoicing import make_invoice, make_item
from tests.invoicing.test_races import race

pytestmark = pytest.mark.django_db
D = Decimal
NOW = timezone.now()
TODAY = paris_date(NOW)


@pytest.fixture(autouse=True)
def _no_counts() -> None:
    cache.clear()


@pytest.fixture
def item(account: CustomerAccount, accountant: User) -> ReceivableItem:
    """1000 incl. VAT, 30 days late."""
    return make_item(account, "1000.00", by=accountant, number="F-1", at=NOW)


@pytest.fixture
def made(account: CustomerAccount, accountant: User, item: ReceivableItem) -> services.Made:
    return services.make_link(account_id=account.pk, by=accountant, at=NOW)


def path(made: services.Made, part: str = "") -> str:
    return f"/link/{token(made)}/{part}"


def token(made: services.Made) -> str:
    return made.address.rstrip("/").rsplit("/", 1)[1]


def visitor(language: str = "en") -> Client:
    return Client(headers={"accept-language": language})


def text(answer: Any) -> str:
    return str(answer.content.decode())


def events(action: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action=action).order_by("pk"))


def whys() -> list[str]:
    """Why links were refused, in the order of the journal."""
    return [str((event.after or {})["why"]) for event in events("link.refused")]


def contest(made: services.Made, item: ReceivableItem, **fields: Any) -> Any:
    body = {
        "key": str(uuid4()),
        "item": str(item.pk),
        "type": "QUANTITY",
        "amount": "400",
        "text": "Two pallets short",
    }
    return visitor().post(path(made, "dispute/?lang=en"), body | fields)


def announce(made: services.Made, *items: ReceivableItem, **fields: Any) -> Any:
    body = {
        "key": str(uuid4()),
        "items": [str(each.pk) for each in items],
        "promised_date": f"{TODAY + timedelta(days=7)}",
    }
    return visitor().post(path(made, "promise/?lang=en"), body | fields)


def test_the_page_shows_the_statement_in_the_clients_language_and_in_the_other(
    made: services.Made, account: CustomerAccount, accountant: User
):
    make_item(CustomerAccountFactory(company=account.company, name="Somebody else"), "777.00", by=accountant)
    french = text(visitor("en").get(path(made)))
    english = text(visitor("fr").get(path(made, "?lang=en")))
    assert 'lang="fr"' in french
    assert "Annoncer un règlement" in french
    for words in (
        "Your statement",
        "F-1",
        "1,000.00",
        "30 days late",
        "Announce a payment",
        "Declare a disagreement",
    ):
        assert words in english
    assert "777.00" not in english
    assert "Somebody else" not in english
    (first, second) = events("link.opened")
    assert (first.object_id, first.account_id, first.actor, first.ip) == (
        made.link.pk, account.pk, f"client-link:{made.link.pk}", "127.0.0.1",
    )  # fmt: skip
    assert second.object_label == account.code


def test_what_is_sold_says_whom_to_pay(account: CustomerAccount, accountant: User):
    account.entity = LegalEntityFactory(siren="732829320")
    account.save(update_fields=["entity"])
    make_agreement(account.company, at=NOW, is_notified=True)
    approve(account, at=NOW, effective_on=TODAY)
    sold = make_item(account, "100.00", by=accountant, number="F-2", at=NOW, due=TODAY)
    made = services.make_link(account_id=account.pk, by=accountant, at=NOW)
    page = text(visitor().get(path(made, "?lang=en")))
    assert "to be paid to Factor SA" not in page
    sell(sold, by=accountant, at=NOW)
    page = text(visitor().get(path(made, "?lang=en")))
    assert page.count("to be paid to Factor SA") == 2  # beside the document, and at the account
    assert "FR76 3000 6000 0112 3456 7890 189" in page


def test_nobody_keeps_finds_or_passes_on_the_page(made: services.Made):
    for where in (path(made), path(made, "statement/"), "/link/nothing/"):
        answer = visitor().get(where)
        assert answer["Cache-Control"] == "no-store, private"
        assert answer["Referrer-Policy"] == "no-referrer"
        assert answer["X-Robots-Tag"] == "noindex, nofollow, noarchive"
    page = text(visitor().get(path(made)))
    assert '<meta name="robots" content="noindex, nofollow">' in page


def test_the_log_does_not_hold_what_opens_the_page(made: services.Made):
    line = logging.LogRecord("x", logging.WARNING, "", 1, "Not Found: %s", (path(made, "dispute/"),), None)
    assert MaskKeys().filter(line)
    assert line.getMessage() == "Not Found: /link/…/dispute/"


def test_only_a_digest_is_stored(made: services.Made):
    secret = token(made).rsplit(".", 1)[0]
    assert len(secret) >= 32
    row = ClientLink.objects.values().get()
    assert secret not in str(row)
    assert row["digest"] == links._digest(secret)


@pytest.mark.parametrize("why", ["guessed", "altered", "unknown", "expired", "revoked", "of another scope"])
def test_what_opens_nothing_is_refused_alike_and_logged(
    why: str, made: services.Made, accountant: User, monkeypatch: pytest.MonkeyPatch
):
    good = token(made)
    asked = {
        "guessed": "a" * 76,
        "altered": ("b" if good[0] == "a" else "a") + good[1:],
        "unknown": Signer(salt="o2c.links.client", sep=".").sign("x" * 32),
        "of another scope": Signer(salt="o2c.links.dispute", sep=".").sign(good.rsplit(".", 1)[0]),
    }.get(why, good)
    if why == "revoked":
        services.revoke_link(link_id=made.link.pk, by=accountant, at=NOW)
    if why == "expired":
        monkeypatch.setattr(link_pages.timezone, "now", lambda: NOW + timedelta(days=30))
    answers = [visitor().get(f"/link/{asked}/{part}") for part in ("", "statement/", "invoices/1/")]
    answers += [visitor().post(f"/link/{asked}/{part}/", {}) for part in ("promise", "dispute")]
    for answer in answers:
        assert answer.status_code == 404
        assert "This link opens nothing" in text(answer)
        assert "Client" not in re.sub(r"<head>.*</head>", "", text(answer), flags=re.DOTALL)
    refused = events("link.refused")
    expected = {"guessed": "altered", "of another scope": "altered"}.get(why, why)
    assert whys() == [expected] * 5
    known = made.link.pk if why in {"expired", "revoked"} else None
    assert {event.object_id for event in refused} == {known}
    assert not events("link.opened")


def test_another_clients_documents_are_refused_and_logged(
    made: services.Made, company: Company, accountant: User
):
    other = CustomerAccountFactory(company=company)
    theirs = make_invoice(other, "500.00", by=accountant, at=NOW)
    their_item = theirs.items.get()
    answers = [
        visitor().get(path(made, f"invoices/{theirs.pk}/")),
        visitor().get(path(made, "invoices/999999/")),
        contest(made, their_item),
        announce(made, their_item),
        visitor().post(path(made, "promise/"), {"items": ["x"]}),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert whys() == ["of_another"] * 5
    assert {event.object_id for event in events("link.refused")} == {made.link.pk}
    assert not Dispute.objects.exists()
    assert not PromiseToPay.objects.exists()
    with pytest.raises(NotFound):
        services.dispute_through(
            link=made.link,
            key=str(uuid4()),
            item_id=their_item.pk,
            amount=None,
            type=DisputeType.PRICE,
            text="no",
            at=NOW,
        )


def test_a_declared_dispute_stops_the_reminder_of_exactly_that_part(
    made: services.Made, item: ReceivableItem, account: CustomerAccount, accountant: User
):
    photo = SimpleUploadedFile("palettes.pdf", b"%PDF-1.4 pallets", content_type="application/pdf")
    answer = contest(made, item, evidence=[photo])
    assert answer.status_code == 302
    case = Dispute.objects.get()
    assert (case.amount, case.origin, case.opened_by, case.description) == (
        D(400),
        "portal",
        None,
        "Two pallets short",
    )
    assert [row.name for row in case.evidence.all()] == ["palettes.pdf"]
    (event,) = events("dispute.opened")
    assert (event.actor, event.actor_id) == (f"client-link:{made.link.pk}", None)
    shown = text(visitor().get(answer["Location"]))
    assert case.number in shown
    assert "400.00" in shown

    ensure_scenario(account.company)
    run = runs.plan_run(company=account.company, as_of=TODAY, by=accountant, at=NOW)
    assert [row.amount for row in ReminderLine.objects.filter(reminder__run=run)] == [D(600)]
    contest(made, item, amount="")
    assert not ReminderLine.objects.filter(reminder__run=planned_again(run, account, accountant))


def planned_again(run: DunningRun, account: CustomerAccount, by: User) -> DunningRun:
    return runs.plan_run(company=account.company, as_of=run.as_of + timedelta(days=1), by=by, at=NOW)


def test_an_act_sent_twice_is_done_once(made: services.Made, item: ReceivableItem):
    key = str(uuid4())
    first, second = contest(made, item, key=key), contest(made, item, key=key)
    assert first["Location"] == second["Location"]
    assert Dispute.objects.count() == 1
    key = str(uuid4())
    other = announce(made, item, key=key)
    assert other["Location"] == announce(made, item, key=key)["Location"]
    assert PromiseToPay.objects.count() == 1
    assert ClientLinkAct.objects.count() == 2
    assert contest(made, item, key="no key").status_code == 422
    assert Dispute.objects.count() == 1


def test_an_announced_payment_is_the_clients_promise(
    made: services.Made, item: ReceivableItem, account: CustomerAccount, company: Company
):
    collector = make_user("receivables_accountant", company)
    TeamMember.objects.create(account=account, user=collector, role=TeamRole.COLLECTOR, valid_from=TODAY)
    answer = announce(made, item, made_by="Mme Rey")
    promise = PromiseToPay.objects.get()
    assert (promise.channel, promise.taken_by, promise.made_by, promise.amount) == (
        "link",
        None,
        "Mme Rey",
        D(1000),
    )
    work.drain()
    assert Notice.objects.get(kind="promise.through_link", user=collector).figures["amount"] == "1000.00"
    assert events("promise.made")[0].actor == f"client-link:{made.link.pk}"
    assert "1,000.00 announced for" in text(visitor().get(answer["Location"])).replace("€", "")
    again = announce(made, item)
    assert again.status_code == 422


def test_what_a_link_may_not_promise(made: services.Made, item: ReceivableItem, accountant: User):
    far = announce(made, item, promised_date=f"{TODAY + timedelta(days=31)}")
    assert far.status_code == 422
    assert "more than 30 days ahead" in text(far)
    too_much = announce(made, item, amount="1000.01")
    assert "more than what is open" in text(too_much)
    for _round in range(2):
        announce(made, item)
        promise = PromiseToPay.objects.get(status="OPEN")
        promise.status, promise.ended_at, promise.ended_on = "BROKEN", NOW, TODAY
        promise.save()
        promise.promise_items.update(is_open=False)
    assert "announced twice" in text(announce(made, item))
    assert PromiseToPay.objects.count() == 2


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"amount": "1000.01"}, "more cannot be disputed"),
        ({"text": ""}, "Say in a few words what is wrong."),
        ({"type": "DEDUCTION"}, "not one of the available choices"),
        ({"evidence": [SimpleUploadedFile("virus.exe", b"MZ")]}, "is not a file that can be joined"),
        ({"evidence": [SimpleUploadedFile(f"{n}.pdf", b"%PDF-1") for n in range(4)]}, "At most 3 files"),
        ({"key": "x"}, "Open the link again"),
    ],
)
def test_what_cannot_be_declared(
    made: services.Made, item: ReceivableItem, fields: dict[str, Any], said: str
):
    answer = contest(made, item, **fields)
    assert answer.status_code == 422
    assert said in text(answer)
    assert not Dispute.objects.exists()
    assert not ClientLinkAct.objects.exists()


def test_too_many_visits_and_too_many_guesses_end(made: services.Made, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(link_pages, "PAGES", {"most": 2, "seconds": 600})
    monkeypatch.setattr(link_pages, "REFUSALS", {"most": 3, "seconds": 600})
    statuses = [visitor().get(path(made)).status_code for _ in range(4)]
    assert statuses == [200, 200, 429, 429]
    guesses = [visitor().get("/link/guess/").status_code for _ in range(6)]
    assert guesses == [404, 404, 404, 429, 429, 429]
    # The journal is not filled by somebody who goes on: the first refusal too many is the last that it keeps.
    assert whys() == [
        "too_often",
        *["altered"] * 3,
        "too_often",
    ]
    monkeypatch.setattr(link_pages, "ACTS", {"most": 0, "seconds": 600})
    assert visitor().post(path(made, "promise/"), {}).status_code == 429


def test_a_reminder_carries_a_link_that_opens_and_keeps_it_to_itself(
    account: CustomerAccount, item: ReceivableItem, accountant: User, monkeypatch: pytest.MonkeyPatch
):
    Contact.objects.create(
        account=account, name="Mme Rey", email="rey@client.test", role=ContactRole.ACCOUNTS_PAYABLE
    )
    ensure_scenario(account.company)
    run = runs.plan_run(company=account.company, as_of=TODAY, by=accountant, at=NOW)
    runs.approve_run(run_id=run.pk, by=make_user("credit_manager", account.company), at=NOW)
    reminder = Reminder.objects.get()
    sending.send(work=None, reminder_id=reminder.pk)
    mail = OutboxMessage.objects.get(kind=sending.KIND)
    (address,) = re.findall(r"http\S+/link/(\S+)/", mail.text)
    assert visitor().get(f"/link/{address}/").status_code == 200
    link = ClientLink.objects.get()
    assert (link.reminder_id, link.sent_to, link.created_by) == (reminder.pk, "rey@client.test", None)
    reminder.refresh_from_db()
    assert address not in reminder.text


def test_a_link_leaves_by_mail_with_the_statement(
    account: CustomerAccount, item: ReceivableItem, accountant: User
):
    contact = Contact.objects.create(account=account, name="Mme Rey", email="rey@client.test", role="BUYER")
    made = services.make_link(account_id=account.pk, contact_id=contact.pk, by=accountant, at=NOW)
    mail = OutboxMessage.objects.get(kind=services.KIND)
    assert made.address in mail.text
    assert (mail.to, [each["name"] for each in mail.files]) == (
        "rey@client.test", [f"releve-{account.code}-{TODAY}.pdf"],
    )  # fmt: skip
    no_address = Contact.objects.create(account=account, name="M. Sans", email="", role="BUYER")
    for wrong in ({"contact_id": no_address.pk}, {"days": 0}, {"days": 91}):
        with pytest.raises(Invalid):
            services.make_link(account_id=account.pk, by=accountant, at=NOW, **wrong)


def test_who_makes_and_revokes_links(
    made: services.Made, account: CustomerAccount, company: Company, rep: User
):
    for by, refusal in ((rep, NotFound), (make_user("auditor", company), NotAllowed)):
        with pytest.raises(refusal):
            services.make_link(account_id=account.pk, by=by, at=NOW)
        with pytest.raises(refusal):
            services.revoke_link(link_id=made.link.pk, by=by, at=NOW)
    TeamMember.objects.create(
        account=account, user=rep, role=TeamRole.SALES_REP, valid_from=TODAY - timedelta(days=9)
    )
    colleague = make_user("sales", company)
    TeamMember.objects.create(
        account=account,
        user=colleague,
        role=TeamRole.SALES_REP,
        valid_from=TODAY - timedelta(days=500),
        valid_to=TODAY - timedelta(days=300),
    )
    make_item(
        account,
        "50.00",
        by=make_user("receivables_accountant", company),
        at=NOW,
        issued=TODAY - timedelta(days=400),
    )
    with pytest.raises(NotWhole):
        services.make_link(account_id=account.pk, by=rep, at=NOW)
    services.revoke_link(link_id=made.link.pk, by=rep, at=NOW)
    with pytest.raises(links.LinkEnded):
        services.revoke_link(link_id=made.link.pk, by=rep, at=NOW)


def test_the_database_keeps_links_short_and_acts_single(made: services.Made):
    for wrong in (
        {"expires_at": made.link.created_at},
        {"expires_at": made.link.created_at + timedelta(days=91)},
        {"revoked_at": NOW},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            ClientLink.objects.filter(pk=made.link.pk).update(**wrong)
    key = uuid4()
    ClientLinkAct.objects.create(link=made.link, key=key, kind="promise", at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        ClientLinkAct.objects.create(link=made.link, key=key, kind="promise", at=NOW)


def test_staff_make_copy_and_revoke_a_link_and_see_its_uses(
    account: CustomerAccount, item: ReceivableItem, accountant: User
):
    staff = Client(headers={"accept-language": "en"})
    staff.force_login(accountant)
    page = reverse("dunning:make_link", args=[account.code])
    assert page in text(staff.get(reverse("accounts:detail", args=[account.code])))
    answer = staff.post(page, {"days": "7", "contact": ""})
    assert answer["Cache-Control"] == "no-store, private"
    (address,) = set(re.findall(r'value="http\S+(/link/[^"]+)"', text(answer)))
    link = ClientLink.objects.get()
    assert link.expires_at - link.created_at == timedelta(days=7)
    visitor().get(address)
    visitor().get(f"{address}invoices/0/")
    uses = text(staff.get(reverse("dunning:link", args=[link.pk])))
    for words in ("Page opened", "asked for something it does not open", "127.0.0.1", "Revoke the link"):
        assert words in uses
    staff.post(reverse("dunning:revoke_link", args=[link.pk]))
    assert visitor().get(address).status_code == 404
    assert "Revoked" in text(staff.get(reverse("dunning:link", args=[link.pk])))


def test_no_query_per_row(made: services.Made, account: CustomerAccount, accountant: User):
    counts = []
    for more in (0, 2):
        for _round in range(more):
            make_item(account, "100.00", by=accountant, at=NOW)
        with CaptureQueriesContext(connection) as sent:
            assert visitor().get(path(made)).status_code == 200
        counts.append(len(sent))
    assert counts[0] == counts[1]


@pytest.mark.django_db(transaction=True)
def test_two_at_once_with_one_key_open_one_dispute(company: Company):
    accountant = make_user("receivables_accountant", company)
    account = CustomerAccountFactory(company=company)
    item = make_item(account, "1000.00", by=accountant, at=NOW)
    link = services.make_link(account_id=account.pk, by=accountant, at=NOW).link
    key = str(uuid4())

    def act() -> Any:
        return services.dispute_through(
            link=link, key=key, item_id=item.pk, amount=D(100), type=DisputeType.PRICE, text="dear", at=NOW
        )

    done: list[Any] = race([act, act])
    assert len({row.dispute_id for row in done}) == 1
    assert Dispute.objects.count() == 1
    assert Work.objects.filter(kind__startswith="react:").exists()
