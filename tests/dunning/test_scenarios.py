"""Scenarios: kept by whoever may, refused with reasons, and doing what their calendar says."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.enums import ContactRole
from accounts.models import Company, Contact, CustomerAccount, User
from dunning.models import DunningScenario, Reminder, ReminderLine
from dunning.queries import scenarios as queries
from dunning.queries.plan import read_plan
from dunning.services import runs, scenarios
from dunning.services.scenarios import ScenarioGiven, ensure_scenario
from dunning.step_policy import Pace, StepGiven, StepRules, foreseen
from o2c.shared.calendar import is_business_day
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed
from tests.factories.accounts import CustomerAccountFactory, make_user
from tests.factories.invoicing import AT, TODAY, day, make_item

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def manager(company: Company) -> User:
    return make_user("credit_manager", company)


def as_given(scenario: DunningScenario, **fields: Any) -> ScenarioGiven:
    names = list(StepGiven.__dataclass_fields__)
    steps = tuple(StepGiven(**{name: getattr(step, name) for name in names}) for step in scenario.steps.all())
    return replace(ScenarioGiven(name=scenario.name, steps=steps), **fields)


def save(company: Company, by: User, given: ScenarioGiven, replaces: int | None = None) -> DunningScenario:
    return scenarios.save_scenario(company=company, given=given, replaces=replaces, by=by, at=AT)


# --- what the calendar says is what a run does ----------------------------------------------------------------------


@pytest.mark.parametrize("weekday", range(7))
@pytest.mark.parametrize("amount", ["5000.00", "500.00"])
def test_every_step_is_made_on_the_day_the_calendar_says(
    account: CustomerAccount, accountant: User, company: Company, weekday: int, amount: str
):
    due = TODAY + timedelta(days=20 + weekday)
    item = make_item(account, amount, by=accountant, issued=TODAY, due=due)
    scenario = ensure_scenario(company)
    calendar = queries.calendar_of(
        scenario, reader=accountant, code=account.code, item=str(item.pk), today=TODAY
    )
    expected = {row.number: row.day for row in calendar.days if row.day is not None}
    made: dict[int, date] = {}
    moment = TODAY
    while moment < due + timedelta(days=70):
        if is_business_day(moment) and read_plan(company, as_of=moment)[0]:
            run = runs.plan_run(company=company, as_of=moment, by=accountant, at=AT)
            for line in ReminderLine.objects.filter(reminder__run=run, item=item, repeats=False):
                made[line.step] = moment
        moment += timedelta(days=1)
    assert made == expected
    least = 0 if amount == "5000.00" else 1
    assert sorted(made) == list(range(least, 7))
    # The words, the number and the day have one sign: D−7 before, D+45 after.
    for step in scenario.steps.filter(number__in=made):
        assert (made[step.number] - due).days >= step.day
        assert (made[step.number] - due).days < 0 if step.day < 0 else (made[step.number] > due)


def test_what_was_made_already_is_on_the_calendar(
    account: CustomerAccount, accountant: User, company: Company
):
    item = make_item(account, "2000.00", by=accountant, issued=day(-60), due=day(-9))
    runs.plan_run(company=company, as_of=TODAY, by=accountant, at=AT)
    shown = queries.calendar_of(
        ensure_scenario(company), reader=accountant, code=account.code, item=str(item.pk), today=TODAY
    )
    assert shown.done == {2}
    found = {row.number: row.day for row in shown.days}
    assert found[2] == TODAY
    assert found[3] is not None
    assert (found[3] - TODAY).days >= 5


def test_without_a_client_an_example(accountant: User, company: Company):
    shown = queries.calendar_of(ensure_scenario(company), reader=accountant, code="", item="", today=TODAY)
    assert (shown.account, shown.item, len(shown.days)) == (None, None, 7)
    pace = Pace(2, D(15), 5)
    rules = [
        StepRules(step.number, step.day, step.min_amount) for step in ensure_scenario(company).steps.all()
    ]
    assert shown.days == foreseen(rules, pace, due=shown.due, amount=shown.amount, since=TODAY)


# --- keeping one ---------------------------------------------------------------------------------------------------


def test_what_is_kept_replaces_what_was_and_history_stays(
    company: Company, account: CustomerAccount, accountant: User, manager: User
):
    make_item(account, "2000.00", by=accountant, issued=day(-60), due=day(-9))
    old = ensure_scenario(company)
    run = runs.plan_run(company=company, as_of=TODAY, by=accountant, at=AT)
    new = save(company, manager, as_given(old, name="Firm", formal_days=10), old.pk)
    old.refresh_from_db()
    assert (old.is_active, new.is_active, new.formal_days, new.steps.count()) == (False, True, 10, 7)
    assert Reminder.objects.get(run=run).step.scenario == old
    event = AuditEvent.objects.get(action="scenario.changed")
    assert event.before is not None
    assert event.after is not None
    assert (event.before["formal_days"], event.after["formal_days"]) == (8, 10)
    with pytest.raises(scenarios.ScenarioChanged):
        save(company, manager, as_given(old), old.pk)
    with pytest.raises(scenarios.ScenarioExists):
        save(company, manager, as_given(old))


def test_of_a_class_and_of_a_client_and_out_of_use_again(
    company: Company, account: CustomerAccount, accountant: User, manager: User
):
    make_item(account, "2000.00", by=accountant, issued=day(-60), due=day(-9))
    common = ensure_scenario(company)
    own = save(
        company, manager, as_given(common, name="Own", account=account.code, steps=as_given(common).steps[:2])
    )
    assert queries.scenario_of(account) == own
    assert read_plan(company, as_of=TODAY)[0][0].step == 1
    scenarios.retire_scenario(scenario_id=own.pk, by=manager, at=AT)
    assert queries.scenario_of(account) == common
    assert read_plan(company, as_of=TODAY)[0][0].step == 2
    with pytest.raises(scenarios.CommonScenario):
        scenarios.retire_scenario(scenario_id=common.pk, by=manager, at=AT)
    with pytest.raises(scenarios.ScenarioChanged):
        scenarios.retire_scenario(scenario_id=own.pk, by=manager, at=AT)


def test_refused_with_reasons(company: Company, manager: User, accountant: User):
    common = ensure_scenario(company)
    given = as_given(common)
    with pytest.raises(scenarios.ScenarioRefused) as refused:
        save(company, manager, replace(given, steps=(replace(given.steps[2], body_fr="$who"),)), common.pk)
    assert [(problem.place, problem.field) for problem in refused.value.problems] == [(0, "body_fr")]
    with pytest.raises(Invalid):
        save(company, manager, replace(given, account="NOBODY"))
    with pytest.raises(Invalid):
        save(company, manager, replace(given, account="X", risk_class="A"))
    with pytest.raises(NotAllowed):
        save(company, accountant, given, common.pk)


# --- on screen -------------------------------------------------------------------------------------------------------


@pytest.fixture
def browser(manager: User) -> Client:
    client = Client()
    client.force_login(manager)
    return client


def posted(scenario: DunningScenario, **fields: str) -> dict[str, str]:
    """The form as a browser sends it."""
    data = {
        "name": scenario.name, "grace_days": "2", "min_amount": "15", "min_gap_days": "5", "formal_days": "8",
        "automatic_until": "", "step-INITIAL_FORMS": "7", "step-TOTAL_FORMS": "7",
    }  # fmt: skip
    for place, step in enumerate(scenario.steps.all()):
        for name in (
            "day",
            "channel",
            "owner",
            "contact",
            "min_amount",
            "subject_fr",
            "body_fr",
            "subject_en",
        ):
            data[f"step-{place}-{name}"] = str(getattr(step, name))
        data[f"step-{place}-body_en"] = step.body_en.replace("\n", "\r\n")
        for name in ("attaches_invoices", "quotes_penalties", "is_formal"):
            if getattr(step, name):
                data[f"step-{place}-{name}"] = "on"
    return data | fields


def test_the_form_keeps_what_it_shows(browser: Client, company: Company):
    old = ensure_scenario(company)
    address = f"/collections/scenarios/{old.pk}/change/"
    assert browser.get(address).status_code == 200
    answer = browser.post(
        address, posted(old, **{"step-1-day": "3", "step-5-day": "31", "step-6-DELETE": "on"})
    )
    assert answer.status_code == 302, answer.context["form"].errors
    new = DunningScenario.objects.get(company=company, is_active=True)
    assert [(step.number, step.day) for step in new.steps.all()] == [
        (0, -7), (1, 3), (2, 8), (3, 15), (4, 22), (5, 31),
    ]  # fmt: skip
    assert new.steps.get(number=2).body_en == old.steps.get(number=2).body_en


def test_the_form_says_what_is_wrong_beside_the_step(browser: Client, company: Company):
    old = ensure_scenario(company)
    answer = browser.post(f"/collections/scenarios/{old.pk}/change/", posted(old, **{"step-2-day": "5"}))
    assert answer.status_code == 422
    assert "day" in answer.context["form"].steps.forms[2].errors
    answer = browser.post(f"/collections/scenarios/{old.pk}/change/", posted(old, add="1"))
    assert (answer.status_code, len(answer.context["form"].steps.forms)) == (200, 8)


def test_pages_answer_and_ask_the_same_for_one_and_three(
    browser: Client,
    company: Company,
    account: CustomerAccount,
    accountant: User,
    django_assert_max_num_queries: Any,
):
    common = ensure_scenario(company)
    make_item(account, "2000.00", by=accountant, issued=day(-60), due=day(-9))
    make_item(account, "900.00", by=accountant, issued=day(-60), due=day(-5))
    Contact.objects.create(
        account=account, name="Jo", role=ContactRole.ACCOUNTS_PAYABLE, email="jo@client.test"
    )
    page = f"/collections/scenarios/{common.pk}/"
    assert browser.get(page).status_code == 200
    answer = browser.get(page, {"client": account.code})
    assert len(answer.context["calendar"].offered) == 2
    letter = browser.get(f"{page}letters/3/", {"client": account.code, "language": "fr"})
    assert account.name in str(letter.content.decode()) or letter.context["written"].subject
    assert browser.get(f"{page}letters/3/pdf/", {"client": account.code})["Content-Type"] == "application/pdf"
    assert browser.get(f"{page}letters/1/").status_code == 404
    assert browser.get(page, {"client": "NOBODY"}).status_code == 404

    with django_assert_max_num_queries(30) as few:
        browser.get("/collections/scenarios/")
    for risk_class in ("A", "B"):
        made = DunningScenario.objects.create(company=company, name=risk_class, risk_class=risk_class)
        step = common.steps.get(number=1)
        step.pk, step.scenario = None, made
        step.save()
    with django_assert_max_num_queries(len(few)):
        browser.get("/collections/scenarios/")


def test_a_letter_of_a_client_without_anything_open(browser: Client, company: Company):
    other = CustomerAccountFactory(company=company)
    page = f"/collections/scenarios/{ensure_scenario(company).pk}/letters/2/"
    assert browser.get(page, {"client": other.code}).context["written"] is None
    assert browser.get(f"{page}pdf/", {"client": other.code}).status_code == 404
