"""Monthly statements of causes: what they say, to whom, once, by the clock and by hand."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, InternalError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from accounts.models import Company, CustomerAccount, User
from disputes import services as disputes
from disputes.enums import DisputeOrigin, DisputeOutcome, DisputeType
from o2c.reports.models import MonthlyStatement, ProcessOwner
from o2c.reports.monthly import queries, services
from o2c.reports.monthly.policy import last_full_month
from o2c.shared import work
from o2c.shared.calendar import add_months, paris_date
from o2c.shared.models import AuditEvent, Notice, OutboxMessage
from o2c.shared.problems import Invalid, NotAllowed
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_invoice

pytestmark = pytest.mark.django_db

NOW = timezone.now()
TODAY = paris_date(NOW)
MONTH = last_full_month(TODAY)
LOGISTICS = ("department", "LOGISTICS")


def noon(day: date) -> Any:
    """A moment of a day."""
    return NOW - timedelta(days=(TODAY - day).days)


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="TEST")


@pytest.fixture
def account(company: Company) -> CustomerAccount:
    return CustomerAccountFactory(company=company, name="Alpha")


@pytest.fixture
def manager(company: Company) -> User:
    return make_user("credit_manager", company, "manager")


@pytest.fixture
def director(company: Company) -> User:
    return make_user("finance_director", company, "director")


@pytest.fixture
def logistics(company: Company) -> User:
    return make_user("dispute_owner", company, "logistics", language="en")


def case(
    account: CustomerAccount,
    by: User,
    amount: str,
    *,
    opened: date,
    ended: date | None = None,
    kind: DisputeType = DisputeType.QUANTITY,
    cause: str = "PICKING.QUANTITY",
) -> None:
    """A case about an invoice of its own, credited in full where it ends."""
    books = User.objects.filter(username="books").first() or make_user(
        "receivables_accountant", account.company, "books"
    )
    invoice = make_invoice(account, "1000.00", by=books, at=noon(opened), issued=opened)
    made = disputes.open_dispute(
        contested=[disputes.Contested(invoice_id=invoice.pk, amount=Decimal(amount))],
        type=kind, origin=DisputeOrigin.CALL, by=by, at=noon(opened),
    )  # fmt: skip
    disputes.qualify(dispute_id=made.pk, owner=by, by=by, at=noon(opened))
    if ended:
        disputes.resolve(
            dispute_id=made.pk, outcome=DisputeOutcome.CREDIT_NOTE, reason="counted", root_cause=cause,
            by=by, at=noon(ended),
        )  # fmt: skip


@pytest.fixture
def month(account: CustomerAccount, manager: User) -> None:
    """Of logistics: 100 ended after 4 days, 300 after 12 (late), 40 open and late, 60 of the month before; 77 of
    sales, damaged on the way by its cause."""
    before = add_months(MONTH, -1)
    case(account, manager, "60", opened=before, ended=before + timedelta(days=2))
    case(
        account, manager, "77", opened=MONTH, ended=MONTH + timedelta(days=2), kind=DisputeType.PRICE,
        cause="CARRIER.DAMAGE",
    )  # fmt: skip
    case(account, manager, "100", opened=MONTH, ended=MONTH + timedelta(days=4))
    case(account, manager, "300", opened=MONTH, ended=MONTH + timedelta(days=12), cause="CARRIER.LATE")
    case(account, manager, "40", opened=MONTH + timedelta(days=1))


def own(company: Company, by: User, **owners: User | None) -> None:
    """Name owners of departments and branches of causes, since long."""
    named = {tuple(code.split("__")): person for code, person in owners.items()}
    services.set_owners(company=company, owners=named, reason="asked for", by=by, at=NOW)  # type: ignore[arg-type]
    ProcessOwner.objects.update(since=MONTH)


def by_hand(company: Company, owner: User, by: User, **asked: Any) -> MonthlyStatement:
    given: dict[str, Any] = {"kind": services.StatementKind.CAUSES, "month": MONTH, "at": NOW} | asked
    return services.send_by_hand(company=company, owner=owner, by=by, **given)


@pytest.mark.usefixtures("month")
class TestFigures:
    def test_of_a_department(self, company: Company, director: User, manager: User, logistics: User):
        own(company, director, department__LOGISTICS=logistics)
        figures = by_hand(company, logistics, manager).figures
        assert {name: figures[name] for name in figures if name not in ("causes", "types")} == {
            "opened": 3, "opened_before": 1, "opened_amount": "440.00", "ended": 2, "ended_amount": "400.00",
            "average_days": "8.0", "within_delay": "0.5000", "open": 1, "open_amount": "40.00", "late": 1,
            "cost": "400.00",
        }  # fmt: skip
        assert [(bar["code"], bar["amount"], bar["share"]) for bar in figures["causes"]] == [
            ("CARRIER.LATE", "300.00", "0.7500"), ("PICKING.QUANTITY", "100.00", "0.2500"),
        ]  # fmt: skip
        assert [(bar["code"], bar["average_days"], bar["within_delay"]) for bar in figures["types"]] == [
            ("QUANTITY", "8.0", "0.5000")
        ]

    def test_of_a_cause_across_departments(
        self, company: Company, director: User, manager: User, logistics: User
    ):
        own(company, director, cause__CARRIER=logistics)
        figures = by_hand(company, logistics, manager).figures
        assert (figures["ended"], figures["ended_amount"], figures["open"]) == (2, "377.00", 0)

    def test_of_both_counts_each_case_once(
        self, company: Company, director: User, manager: User, logistics: User
    ):
        own(company, director, cause__CARRIER=logistics, department__LOGISTICS=logistics)
        figures = by_hand(company, logistics, manager).figures
        assert (figures["ended"], figures["ended_amount"], figures["open"]) == (3, "477.00", 1)

    def test_an_owner_is_told_of_what_it_may_see(
        self, company: Company, account: CustomerAccount, director: User, manager: User
    ):
        rep = make_user("sales", company, "rep")
        case(CustomerAccountFactory(company=company, rep=rep), manager, "15", opened=MONTH)
        own(company, director, department__LOGISTICS=rep)
        figures = by_hand(company, rep, manager).figures
        assert (figures["opened"], figures["opened_amount"], figures["ended"]) == (1, "15.00", 0)

    def test_words_and_files_in_the_owners_language(
        self, company: Company, director: User, manager: User, logistics: User
    ):
        own(company, director, department__LOGISTICS=logistics)
        made = by_hand(company, logistics, manager)
        text = made.message.text
        assert "Opened: 3 cases, €440.00 (month before: 1)" in text
        assert "Average resolution time: 8.0 days (month before: 2.0 days)" in text
        assert "- Late delivery: €300.00, 75%, 1 case, 12.0 days on average" in text
        assert "- Quantity: 8.0 days on average, 2 cases, agreed delay kept in 50%" in text
        pdf, xlsx = (
            default_storage.open(services.file_of(made, kind).path).read() for kind in ("pdf", "xlsx")
        )
        assert pdf.startswith(b"%PDF")
        rows = list(load_workbook(BytesIO(xlsx)).active.iter_rows(values_only=True))
        assert sorted(row[13] for row in rows[1:]) == [40, 100, 300]
        work.drain()
        made.message.refresh_from_db()
        assert made.message.state in ("waiting", "sent")

    def test_in_french(self, company: Company, director: User, manager: User, logistics: User):
        User.objects.filter(pk=logistics.pk).update(language="fr")
        logistics.refresh_from_db()
        own(company, director, department__LOGISTICS=logistics)
        made = by_hand(company, logistics, manager)
        assert made.message.subject.startswith("Causes des litiges, ")
        assert (
            "Ouverts\N{NO-BREAK SPACE}: 3 litiges, 440,00\N{NO-BREAK SPACE}€ (mois précédent\N{NO-BREAK SPACE}: 1)"
            in (made.message.text)
        )


class TestOnce:
    def test_the_clock_tells_and_catches_up_each_month_once(
        self, company: Company, director: User, logistics: User
    ):
        own(company, director, department__LOGISTICS=logistics, cause__CARRIER=logistics)
        ProcessOwner.objects.filter(kind="cause").update(since=add_months(MONTH, -1))
        assert services.send_due(work=None) == {"asked": 2}
        work.drain()
        assert services.send_due(work=None) == {"asked": 0}
        told = MonthlyStatement.objects.order_by("month").values_list("month", "owner", "asked_by")
        assert list(told) == [(add_months(MONTH, -1), logistics.pk, None), (MONTH, logistics.pk, None)]  # type: ignore[comparison-overlap]
        assert OutboxMessage.objects.filter(kind="statement.sent_causes", user=logistics).count() == 2
        assert Notice.objects.filter(kind="statement.sent_causes", user=logistics).count() == 2

    def test_work_that_runs_twice_tells_once(self, company: Company, director: User, logistics: User):
        own(company, director, department__LOGISTICS=logistics)
        asked: dict[str, Any] = {
            "company_id": company.pk,
            "kind": "causes",
            "month": f"{MONTH}",
            "owner_id": logistics.pk,
        }
        first = services.send_one(work=None, **asked)
        assert first == {"sent": MonthlyStatement.objects.get().pk}
        assert services.send_one(work=None, **asked) == {"sent": None, "why": "already_sent"}

    def test_a_second_one_by_hand_is_refused(
        self, company: Company, director: User, manager: User, logistics: User
    ):
        own(company, director, department__LOGISTICS=logistics)
        assert by_hand(company, logistics, manager).asked_by == manager
        with pytest.raises(services.AlreadySent):
            by_hand(company, logistics, manager)

    def test_who_took_over_is_told_of_the_months_that_end_from_then_on(
        self, company: Company, director: User, logistics: User, manager: User
    ):
        own(company, director, department__LOGISTICS=logistics)
        services.set_owners(company=company, owners={LOGISTICS: manager}, reason="left", by=director, at=NOW)
        assert services.send_due(work=None) == {"asked": 0}
        assert queries.owners_of(company)[LOGISTICS].since == TODAY

    def test_who_owns_nothing_or_left_is_not_told(
        self, company: Company, director: User, manager: User, logistics: User
    ):
        with pytest.raises(services.OwnsNothing):
            by_hand(company, logistics, manager)
        own(company, director, department__LOGISTICS=logistics)
        User.objects.filter(pk=logistics.pk).update(is_active=False)
        assert services.send_due(work=None) == {"asked": 0}

    def test_the_database_keeps_one_of_a_month_and_none_changes(
        self, company: Company, director: User, manager: User, logistics: User
    ):
        own(company, director, department__LOGISTICS=logistics)
        made = by_hand(company, logistics, manager)
        columns = {
            name: getattr(made, name)
            for name in (
                "company",
                "kind",
                "month",
                "owner",
                "subjects",
                "figures",
                "files",
                "language",
                "made_at",
            )
        }
        message = OutboxMessage.objects.create(
            kind="x", key="x", to="x", subject="x", text="x", created_at=NOW
        )
        with pytest.raises(IntegrityError, match="one_statement_per_month_and_owner"), transaction.atomic():
            MonthlyStatement.objects.create(**columns, message=message)
        with pytest.raises(IntegrityError, match="statement_of_a_month"), transaction.atomic():
            MonthlyStatement.objects.create(**columns | {"month": MONTH + timedelta(days=1)}, message=message)
        with pytest.raises(IntegrityError, match="one_owner_per_process"), transaction.atomic():
            ProcessOwner.objects.create(
                company=company, kind="department", subject="LOGISTICS", user=manager, since=TODAY
            )
        with pytest.raises(InternalError), transaction.atomic():
            MonthlyStatement.objects.update(language="en")


class TestRights:
    def test_who_names_owners_and_sends(
        self, company: Company, manager: User, director: User, logistics: User
    ):
        with pytest.raises(NotAllowed):
            own(company, manager, department__LOGISTICS=logistics)
        own(company, director, department__LOGISTICS=logistics)
        with pytest.raises(NotAllowed):
            by_hand(company, logistics, logistics)
        with pytest.raises(Invalid):
            by_hand(company, logistics, manager, month=add_months(MONTH, 1))
        event = AuditEvent.objects.get(action="process_owners.changed")
        assert (event.before, event.after, event.reason) == (
            {"department:LOGISTICS": None}, {"department:LOGISTICS": "logistics"}, "asked for",
        )  # fmt: skip

    def test_owners_are_people_who_see_disputes(self, company: Company, director: User, logistics: User):
        stranger = make_user("dispute_owner", CompanyFactory(code="ELSE"), "stranger")
        for wrong in (
            {"owners": {LOGISTICS: stranger}}, {"owners": {("department", "MOON"): logistics}}, {"reason": " "},
        ):  # fmt: skip
            fields: dict[str, Any] = {"owners": {LOGISTICS: logistics}, "reason": "x"} | wrong
            with pytest.raises(Invalid):
                services.set_owners(company=company, by=director, at=NOW, **fields)
        assert not ProcessOwner.objects.exists()


class TestPages:
    def test_name_send_read(self, company: Company, director: User, logistics: User):
        chief, reader = (Client(headers={"accept-language": "en"}) for _ in range(2))
        chief.force_login(director)
        reader.force_login(logistics)
        owners, send, sent = (
            reverse(f"reports:{name}") for name in ("process_owners", "send_statement", "statements")
        )
        assert chief.post(owners, {"department_LOGISTICS": logistics.pk}).status_code == 422
        body = {"department_LOGISTICS": logistics.pk, "reason": "named"}
        assert reader.post(owners, body).status_code == 403
        assert chief.post(owners, body).status_code == 302
        assert "Logistics: nobody → logistics" in chief.get(owners).content.decode()
        asked = {"told": f"causes:{logistics.pk}", "month": MONTH.isoformat()}
        assert reader.post(send, asked).status_code == 403
        assert chief.post(send, asked).status_code == 302
        assert chief.post(send, asked).status_code == 422
        for browser in (chief, reader):
            page = browser.get(sent).content.decode()
            assert "0 opened, 0 ended in — days on average, 0 open; cost €0.00" in page
        made = MonthlyStatement.objects.get()
        file = reader.get(reverse("reports:statement_file", args=[made.pk, "pdf"]))
        assert b"".join(file.streaming_content).startswith(b"%PDF")  # type: ignore[attr-defined]
        stranger = Client()
        stranger.force_login(make_user("dispute_owner", company, "other"))
        assert stranger.get(reverse("reports:statement_file", args=[made.pk, "pdf"])).status_code == 404
        assert "logistics" not in stranger.get(sent).content.decode()
        assert reader.get(reverse("reports:statement_file", args=[made.pk, "zip"])).status_code == 404

    def test_the_list_asks_no_more_for_more_rows(
        self, company: Company, director: User, manager: User, logistics: User
    ):
        own(company, director, department__LOGISTICS=logistics)
        browser = Client()
        browser.force_login(manager)

        def count() -> int:
            with CaptureQueriesContext(connection) as captured:
                assert browser.get(reverse("reports:statements")).status_code == 200
            return len(captured)

        by_hand(company, logistics, manager)
        count()
        one = count()
        for back in (1, 2):
            by_hand(company, logistics, manager, month=add_months(MONTH, -back))
        assert count() == one
