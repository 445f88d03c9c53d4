"""A client's payment circuit: the next run, what is noted of it, by whom, and what goes by it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.circuit_policy import Circuit, next_run
from accounts.models import Company, CustomerAccount, PaymentCircuit, User
from accounts.queries import circuits_of
from accounts.services.circuit import change_circuit
from dunning.letters import Asked, write_letter
from dunning.services.scenarios import ensure_scenario
from invoicing.expected.policy import Facts, Why, expected_date
from invoicing.expected.queries import expected_days
from invoicing.expected.receipts import expected_payment
from invoicing.queries import items_on
from o2c.shared.calendar import is_business_day, paris_date
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import TODAY, day, make_item

NOW = timezone.now()
TWICE = Circuit((10, 25))
_DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))


@pytest.mark.parametrize(
    ("circuit", "asked", "received", "run"),
    [
        (TWICE, date(2026, 11, 10), None, date(2026, 11, 10)),
        (TWICE, date(2026, 11, 11), None, date(2026, 11, 25)),
        # Christmas is no business day: the run of the 25th is made on the 28th.
        (TWICE, date(2026, 12, 26), None, date(2026, 12, 28)),
        (TWICE, date(2026, 12, 29), None, date(2027, 1, 11)),
        # 10 October 2026 is a Saturday, 31 October too, and 2 November the next business day.
        (TWICE, date(2026, 10, 10), None, date(2026, 10, 12)),
        (Circuit((31,)), date(2026, 11, 1), None, date(2026, 11, 2)),
        (Circuit((31,)), date(2026, 11, 3), None, date(2026, 11, 30)),
        (Circuit((31,)), date(2027, 2, 2), None, date(2027, 3, 1)),
        (Circuit((10, 25), 20), date(2026, 11, 24), date(2026, 11, 20), date(2026, 11, 25)),
        (Circuit((10, 25), 20), date(2026, 11, 24), date(2026, 11, 21), date(2026, 12, 10)),
        (Circuit((10, 25), 20), date(2026, 12, 11), date(2026, 11, 21), date(2026, 12, 28)),
        (Circuit((10, 25), 20), date(2026, 12, 1), date(2026, 12, 28), date(2027, 1, 11)),
        (Circuit(()), date(2026, 11, 10), None, None),
    ],
)
def test_the_next_run(circuit: Circuit, asked: date, received: date | None, run: date | None):
    assert next_run(circuit, asked, received=received) == run


@given(
    days=st.lists(st.integers(1, 31), min_size=1, unique=True), cut_off=st.none() | st.integers(1, 31), asked=_DAYS,
    received=st.none() | _DAYS,
)  # fmt: skip
def test_a_run_is_a_business_day_that_has_not_passed(
    days: list[int], cut_off: int | None, asked: date, received: date | None
):
    run = next_run(Circuit(tuple(days), cut_off), asked, received=received)
    assert run is not None
    assert run >= asked
    assert is_business_day(run)


def test_what_a_client_pays_by_itself_waits_for_its_run():
    monday = date(2026, 11, 23)

    def expected(**facts: Any) -> tuple[date | None, Why]:
        return expected_date(Facts(**{"due_date": monday, "circuit": TWICE, **facts}), on=monday)

    assert expected() == (date(2026, 11, 25), Why.RUN)
    assert expected(delay=4) == (date(2026, 12, 10), Why.RUN)
    assert expected(due_date=date(2026, 10, 1)) == (date(2026, 11, 25), Why.RUN)
    assert expected(is_disputed=True) == (date(2026, 12, 10), Why.DISPUTE)
    assert expected(promised=date(2026, 11, 27)) == (date(2026, 11, 27), Why.PROMISE)
    assert expected(clearing_days=5) == (date(2026, 11, 30), Why.INSTRUMENT)
    assert expected(payment_sent=monday) == (date(2026, 11, 26), Why.PAYMENT_SENT)
    assert expected(circuit=Circuit(())) == (monday, Why.HABIT)


@pytest.fixture
def company(db: None) -> Company:
    return CompanyFactory(code="TEST")


@pytest.fixture
def account(company: Company) -> CustomerAccount:
    return CustomerAccountFactory(company=company, code="C1", name="Alpha")


@pytest.fixture
def adv(company: Company) -> User:
    return make_user("adv_officer", company, "adv")


def noted(account: CustomerAccount, by: User, **values: Any) -> dict[str, Any]:
    given = {
        "validator": "Ms Roy, purchasing",
        "run_days": [25, 10],
        "cut_off_day": 20,
        "references": "PO number",
    }
    return change_circuit(account_id=account.pk, values=given | values, by=by, at=NOW)


def test_it_is_noted_once_and_the_journal_names_nobody(account: CustomerAccount, adv: User):
    assert noted(account, adv)["run_days"] == [10, 25]
    assert noted(account, adv) == {}
    event = AuditEvent.objects.get(action="account.circuit_changed")
    assert event.after == {
        "cut_off_day": 20, "run_days": [10, 25], "fields": ["cut_off_day", "references", "run_days", "validator"],
    }  # fmt: skip
    assert circuits_of([account.pk]) == {account.pk: Circuit((10, 25), 20)}


def test_who_may_and_what_is_wrong(account: CustomerAccount, company: Company, adv: User):
    with pytest.raises(NotAllowed):
        noted(account, make_user("auditor", company))
    with pytest.raises(NotFound):
        noted(account, make_user("adv_officer", CompanyFactory(code="ELSE"), "abroad"))
    for field, wrong in (
        ("run_days", {"run_days": [0]}), ("run_days", {"run_days": [10, 10]}), ("cut_off_day", {"cut_off_day": 32}),
        ("cut_off_day", {"run_days": []}),
    ):  # fmt: skip
        with pytest.raises(Invalid) as refused:
            noted(account, adv, **wrong)
        assert list(refused.value.errors) == [field]


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"run_days": [32]}, "runs_on_days_of_the_month"),
        ({"run_days": [1], "cut_off_day": 0}, "cut_off_on_a_day_of_the_month"),
        ({"cut_off_day": 3}, "cut_off_with_its_runs"),
    ],
)
def test_the_database_refuses_days_that_are_none(
    account: CustomerAccount, values: dict[str, Any], constraint: str
):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        PaymentCircuit.objects.create(account=account, **values)


def test_the_forecast_goes_by_it(account: CustomerAccount, adv: User, company: Company):
    books = make_user("receivables_accountant", company)
    item = make_item(account, "100", by=books, issued=day(-40), due=day(10))

    def expected() -> date | None:
        scope = CustomerAccount.objects.filter(pk=account.pk)
        rows = items_on(scope, on=TODAY, open_only=True).select_related("account")
        return expected_days(rows, on=TODAY)[item.pk].day

    before = expected_payment(account_id=account.pk, term="NET30", delivered_on=TODAY, on=TODAY)[0]
    noted(account, adv, run_days=[1], cut_off_day=None)
    assert expected() == next_run(Circuit((1,)), day(10))
    after = expected_payment(account_id=account.pk, term="NET30", delivered_on=TODAY, on=TODAY)[0]
    assert after == next_run(Circuit((1,)), before)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("into your payment run of ", "You ask for these references: PO number.")),
        (
            "fr",
            ("votre échéance de règlement du ", "Références que vous demandez\N{NO-BREAK SPACE}: PO number."),
        ),
    ],
)
def test_a_reminder_names_the_run_and_the_references(
    account: CustomerAccount, adv: User, company: Company, language: str, words: tuple[str, ...]
):
    books = make_user("receivables_accountant", company)
    item = make_item(account, "100", by=books, issued=day(-40), due=day(-10))
    steps = ensure_scenario(company).steps.select_related("scenario")

    def written(number: int) -> str:
        step = steps.get(number=number)
        return write_letter(
            account, step, [Asked(item, item.open_amount)], on=TODAY, contact=None, language=language
        ).text

    assert not any(word in written(2) for word in words)
    noted(account, adv)
    assert all(word in written(2) for word in words)
    # A formal notice waits for no run of the debtor's.
    assert not any(word in written(5) for word in words)


def test_the_pages_and_the_api(account: CustomerAccount, adv: User, company: Company):
    browser = Client(headers={"accept-language": "en"})
    browser.force_login(adv)
    page, client = reverse("accounts:circuit", args=["C1"]), reverse("accounts:detail", args=["C1"])
    assert "How this client approves and pays is not known yet." in browser.get(client).content.decode()
    assert browser.post(page, {"run_days": "10; x"}).status_code == 422
    assert (
        browser.post(page, {"run_days": "10, 25", "validator": "Ms Roy", "cut_off_day": "20"}).status_code
        == 302
    )
    shown = browser.get(client).content.decode()
    assert "the 10, 25 of the month" in shown
    assert "Ms Roy" in shown
    address = f"/api/v1/accounts/{account.code}/payment-circuit/"
    answer = browser.patch(address, {"portal": "Chorus Pro"}, content_type="application/json").json()
    run = next_run(TWICE, paris_date(NOW))
    assert run is not None
    assert answer == {
        "validator": "Ms Roy", "portal": "Chorus Pro", "cut_off_day": 20, "run_days": [10, 25], "references": "",
        "next_run": run.isoformat(),
    }  # fmt: skip
    reader = Client()
    reader.force_login(make_user("auditor", company, "auditor"))
    assert reader.get(page).status_code == 200
    assert reader.post(page, {"run_days": "1"}).status_code == 403
    assert reader.patch(address, {"portal": "x"}, content_type="application/json").status_code == 403
