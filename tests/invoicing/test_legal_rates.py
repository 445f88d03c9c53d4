"""The table of legal rates: who adds and corrects, in which order, and what the database refuses."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Company, User
from invoicing.interest_policy import HalfYear, RateMissing, rates_of
from invoicing.interest_queries import rate_table
from invoicing.legal_rates import SEEDED
from invoicing.models import LegalRate
from invoicing.services import legal_rates as services
from o2c.home.inbox import Inbox
from o2c.shared.calendar import PARIS
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from tests.factories.accounts import make_user
from tests.factories.invoicing import AT

pytestmark = pytest.mark.django_db
D = Decimal
NEXT = HalfYear(2027, 1)
SOON = datetime(2026, 12, 20, 9, 0, tzinfo=PARIS)


@pytest.fixture
def director(company: Company) -> User:
    return make_user("finance_director", company)


def add(by: User, half_year: HalfYear = NEXT, at: datetime = SOON, **other: Any) -> LegalRate:
    facts: dict[str, Any] = {"ecb": D("2.40"), "legal": D("2.80"), "source": "JO of 20/12/2026"} | other
    return services.add_legal_rate(half_year=half_year, by=by, at=at, **facts)


def correct(by: User, row: LegalRate, **other: Any) -> LegalRate:
    facts: dict[str, Any] = {
        "ecb": D("2.25"),
        "legal": D("2.80"),
        "source": "JO",
        "reason": "misread",
    } | other
    return services.correct_legal_rate(rate_id=row.pk, by=by, at=SOON, **facts)


def test_the_table_is_delivered_with_the_rates_of_the_rules():
    assert rate_table() == SEEDED


@pytest.mark.parametrize("role", ["credit_manager", "receivables_accountant", "sales", "auditor"])
def test_others_neither_add_nor_correct(company: Company, role: str):
    by = make_user(role, company)
    with pytest.raises(NotAllowed):
        add(by)
    with pytest.raises(NotAllowed):
        correct(by, LegalRate.objects.all()[0])


def test_a_half_year_is_added_once(director: User, company: Company):
    row = add(director)
    assert add(director) == row
    assert AuditEvent.objects.filter(action="legal_rate.added").count() == 1
    with pytest.raises(services.RateKnown):
        add(make_user("administrator", company), ecb=D(3))
    assert rates_of(NEXT.first, rate_table()).default == D("12.40")


def test_half_years_come_one_after_the_other(director: User):
    with pytest.raises(services.RateOutOfOrder):
        add(director, HalfYear(2027, 2))
    add(director)
    with pytest.raises(services.RateOutOfOrder):
        add(director, HalfYear(2027, 2))
    with pytest.raises(services.RateOutOfOrder):
        add(director, HalfYear(2019, 1))


def test_what_is_not_published_is_assumed(director: User):
    with pytest.raises(services.RateNotPublished):
        add(director, at=AT)
    assert add(director, at=AT, is_assumed=True).is_assumed


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ecb", D(-1)),
        ("ecb", D("0.00001")),
        ("ecb", D("NaN")),
        ("legal", D(0)),
        ("legal", D(100)),
        ("source", " "),
    ],
)
def test_a_figure_that_is_none_is_named(director: User, field: str, value: Any):
    wrong: dict[str, Any] = {field: value}
    with pytest.raises(Invalid) as refused:
        add(director, **wrong)
    assert set(refused.value.errors) == {field}


def test_a_correction_is_a_new_row_with_a_reason(director: User):
    row = add(director)
    with pytest.raises(Invalid):
        correct(director, row, reason=" ")
    with pytest.raises(Invalid):
        correct(director, row, ecb=D("2.40"), source=row.source)
    new = correct(director, row)
    assert rate_table()[NEXT].ecb == D("2.25")
    event = AuditEvent.objects.get(action="legal_rate.corrected")
    before, after = event.before or {}, event.after or {}
    assert (before["ecb"], after["ecb"], event.reason) == ("2.4000", "2.25", "misread")
    with pytest.raises(services.RateKnown):  # somebody was faster
        correct(director, row, ecb=D(1))
    assert correct(director, new, ecb=D("2.40")).replaces == new
    with pytest.raises(NotFound):
        services.correct_legal_rate(
            rate_id=0, ecb=D(1), legal=D(1), source="x", reason="y", by=director, at=SOON
        )


@pytest.mark.parametrize(
    "broken",
    [
        {"starts_on": "2026-01-01"},  # one row a half-year that replaces none
        {"starts_on": "2031-02-01"},
        {"starts_on": "2031-01-02"},
        {"ecb_rate": -1},
        {"legal_rate": 0},
        {"source": ""},
        {"replaces": "2026-07-01"},  # another half-year's, without a reason
        {"replaces": "2026-07-01", "reason": "mine"},
    ],
)
def test_the_database_refuses_a_row_that_must_not_be(broken: dict[str, Any]):
    facts: dict[str, Any] = {
        "starts_on": "2031-01-01", "ecb_rate": 2, "legal_rate": 3, "source": "JO", "recorded_at": AT,
    } | broken  # fmt: skip
    if "replaces" in facts:
        facts["replaces"] = LegalRate.objects.get(starts_on=facts["replaces"])
    with pytest.raises(IntegrityError), transaction.atomic():
        LegalRate.objects.create(**facts)


def test_a_row_is_neither_changed_nor_deleted():
    row = LegalRate.objects.all()[0]
    row.ecb_rate = D(9)
    for act in (row.save, row.delete):
        with pytest.raises(Exception, match="Cannot update or delete"), transaction.atomic():
            act()


def test_a_missing_half_year_waits_in_the_inbox_of_who_keeps_the_table(director: User, company: Company):
    def waiting(user: User, at: datetime) -> list[str]:
        return [str(row.title) for row in Inbox(user, company, at).inbox() if row.icon == "percentage"]

    assert waiting(director, datetime(2026, 12, 16, 9, 0, tzinfo=PARIS)) == []
    assert len(waiting(director, SOON)) == 1
    assert waiting(make_user("credit_manager", company), SOON) == []
    add(director)
    assert waiting(director, SOON) == []
    with pytest.raises(RateMissing, match="2027-S2"):
        rates_of(NEXT.following.first, rate_table())


def test_pages(client: Client, director: User, company: Company):
    client.force_login(director)
    page = client.get(reverse("invoicing:rates"))
    assert "2026-S2" in page.content.decode()
    facts = {"ecb": "2,40", "legal": "2,80", "source": "JO", "is_assumed": "on"}
    refused = client.post(reverse("invoicing:rate_add"), facts | {"legal": "0"})
    assert refused.status_code == 422
    assert client.post(reverse("invoicing:rate_add"), facts).status_code == 302
    assert rate_table()[NEXT].is_assumed
    address = reverse("invoicing:rate_correct", args=[2027, 1])
    assert client.get(address).status_code == 200
    assert client.post(address, facts | {"ecb": "2,15"}).status_code == 422
    assert client.post(address, facts | {"ecb": "2,15", "reason": "read again"}).status_code == 302
    assert "read again" in client.get(reverse("invoicing:rates")).content.decode()
    assert client.get(reverse("invoicing:rate_correct", args=[2039, 1])).status_code == 404
    client.force_login(make_user("sales", company))
    assert client.get(reverse("invoicing:rates")).status_code == 200
    assert client.post(address, facts).status_code == 403
