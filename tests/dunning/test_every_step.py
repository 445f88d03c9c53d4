"""What a scenario says in words, what its calendar shows and what really leaves are one thing, for every step.

Steps of all clients, of a class and of one client, before and after the due date, in both languages.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import translation

from accounts.enums import ContactRole
from accounts.models import Company, Contact, CustomerAccount, User
from dunning.enums import ReminderStatus, StepChannel
from dunning.models import DunningScenario, DunningStep, Reminder
from dunning.queries import scenarios as queries
from dunning.services import runs, scenarios, sending
from dunning.services.scenarios import ScenarioGiven, ensure_scenario
from dunning.step_policy import StepGiven
from dunning.step_words import in_plain_words, when_in_words
from invoicing.models import ReceivableItem
from o2c.shared.calendar import PARIS, is_business_day
from o2c.shared.models import OutboxMessage, Work
from tests.factories.accounts import make_user
from tests.factories.invoicing import AT, TODAY, assume_rates, line
from tests.invoicing.facturx.test_documents import issued

pytestmark = pytest.mark.django_db
# A Tuesday whose steps all fall on working days.
DUE = TODAY + timedelta(days=22)
CHANNELS_IN_WORDS = {
    "en": {
        "email": "an e-mail", "letter": "a letter", "registered": "registered letter", "post": "posting service",
        "sms": "a text message", "call": "a call", "file": "the file for hand-over",
    },
    "fr": {
        "email": "un courriel", "letter": "un courrier", "registered": "recommandé", "post": "service postal",
        "sms": "un SMS", "call": "un appel", "file": "le dossier",
    },
}  # fmt: skip


class Made(NamedTuple):
    """A step that was really made."""

    reminder: Reminder
    on: date


@pytest.fixture(autouse=True)
def _carriers(tmp_path: Path, settings: LazySettings) -> None:
    settings.OUTBOX_CARRIERS = {
        "sms": ("o2c.shared.carriers.TextFiles", tmp_path / "sms"),
        "post": ("o2c.shared.carriers.LetterFiles", tmp_path / "post"),
    }


@pytest.fixture
def director(company: Company) -> User:
    return make_user("finance_director", company, "director")


def words(text: str) -> dict[str, Any]:
    """Subject and text of a step, told apart by language."""
    return {
        f"{part}_{language}": f"{text} {language.upper()}{rest}"
        for part, rest in (("subject", ""), ("body", " $total"))
        for language in ("fr", "en")
    }


# Steps by every channel, with other days than the default: three before the due date, the others after it.
OWN = (
    StepGiven(0, -14, "email", "adv", "BUYER", **words("early")),
    StepGiven(1, -7, "call", "adv", "ACCOUNTS_PAYABLE"),
    StepGiven(2, -1, "sms", "adv", "ACCOUNTS_PAYABLE", body_fr="court FR $total", body_en="short EN $total"),
    StepGiven(3, 6, "letter", "credit", "FINANCE_HEAD", attaches_invoices=True, **words("paper")),
    StepGiven(4, 13, "post", "credit", "FINANCE_HEAD", quotes_penalties=True, **words("posted")),
    StepGiven(
        5, 27, "registered", "finance", "LEGAL_REPRESENTATIVE", quotes_penalties=True, is_formal=True,
        attaches_invoices=True, **words("formal"),
    ),
    StepGiven(6, 45, "file", "credit", "LEGAL_REPRESENTATIVE"),
)  # fmt: skip


def scenario_for(kind: str, account: CustomerAccount, company: Company) -> DunningScenario:
    """The scenario the client goes by: that of all, or steps of its class or its own beside it."""
    common = ensure_scenario(company)
    if kind == "all":
        return common
    whose: dict[str, Any] = (
        {"risk_class": account.risk_class} if kind == "class" else {"account": account.code}
    )
    given = ScenarioGiven(name=kind, steps=OWN, **whose)
    by = make_user("credit_manager", company, "manager")
    return scenarios.save_scenario(company=company, given=given, replaces=None, by=by, at=AT)


@pytest.fixture
def reachable(account: CustomerAccount) -> CustomerAccount:
    account.address_line1, account.postcode, account.city = "3 rue du Port", "69002", "Lyon"
    account.save(update_fields=["address_line1", "postcode", "city"])
    for role in ContactRole:
        Contact.objects.create(
            account=account, name=f"N {role}", role=role, email=f"{role.lower()}@client.test",
            phone="06 12 34 56 78",
        )  # fmt: skip
    return account


def days_of_runs() -> Iterator[date]:
    moment = TODAY
    while moment <= DUE + timedelta(days=60):
        if is_business_day(moment):
            yield moment
        moment += timedelta(days=1)


def live_through(item: ReceivableItem, director: User, monkeypatch: pytest.MonkeyPatch) -> dict[int, Made]:
    """Runs of every working day, each reviewed and sent, until long after the last step."""
    made: dict[int, Made] = {}
    for on in days_of_runs():
        at = datetime.combine(on, time(10), PARIS)
        monkeypatch.setattr(sending.timezone, "now", lambda at=at: at)
        run = runs.plan_run(company=item.company, as_of=on, by=director, at=at)
        if not run.reminders.exists():
            continue
        runs.approve_run(run_id=run.pk, by=director, at=at)
        for row in Work.objects.filter(kind=runs.SEND, state="queued"):
            sending.send(work=row, **row.payload)
            row.state, row.finished_at = "done", at
            row.save()
        for reminder in run.reminders.all():
            assert reminder.number not in made
            made[reminder.number] = Made(reminder, on)
    return made


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("kind", ["all", "class", "client"])
def test_words_calendar_and_what_leaves_agree_for_every_step(
    reachable: CustomerAccount,
    accountant: User,
    director: User,
    company: Company,
    language: str,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
):
    assume_rates(TODAY)
    reachable.language = language
    reachable.save(update_fields=["language"])
    scenario = scenario_for(kind, reachable, company)
    invoice = issued(reachable, line(price="5000"), by=accountant, due_date=DUE)
    item = invoice.items.get()
    calendar = queries.calendar_of(
        scenario, reader=director, code=reachable.code, item=str(item.pk), today=TODAY
    )
    assert calendar.other is None
    page = Client()
    page.force_login(director)
    with translation.override(language):
        shown = page.get(
            f"/collections/scenarios/{scenario.pk}/",
            {"client": reachable.code},
            headers={"accept-language": language},
        ).content.decode()

    made = live_through(item, director, monkeypatch)

    steps = {step.number: step for step in scenario.steps.all()}
    assert sorted(made) == sorted(steps)
    for number, step in steps.items():
        # The calendar, the run and the number of the step name one day.
        assert {row.number: row.day for row in calendar.days}[number] == made[number].on
        assert (made[number].on - DUE).days == step.day, number
        says_so(step, made[number].reminder, language, company, shown)


def says_so(step: DunningStep, reminder: Reminder, language: str, company: Company, shown: str) -> None:
    """What left is what the words of the step promise, and these words stand on the page."""
    with translation.override(language):
        said = in_plain_words(step, currency=company.currency, language=language)
        when = when_in_words(step.day)
    assert said.startswith(when)
    assert said.replace("’", "&#x27;") in shown or said in shown
    assert str(abs(step.day)) in when
    assert (("avant" if language == "fr" else "before") in when) == (step.day < 0)
    assert (reminder.channel, reminder.language) == (step.channel, language)
    assert CHANNELS_IN_WORDS[language][step.channel] in said
    if step.channel == StepChannel.CALL:
        assert reminder.status == ReminderStatus.TO_CALL
        return
    assert reminder.status == ReminderStatus.SENT
    if step.channel == StepChannel.FILE:
        assert (reminder.text, reminder.file.name) == ("", "")
        return
    own = {"fr": step.body_fr, "en": step.body_en}[language].split("$")[0].strip()
    other = {"fr": step.body_en, "en": step.body_fr}[language].split("$")[0].strip()
    assert own in reminder.text
    assert other not in reminder.text
    assert ("D441-5" in reminder.text) == step.quotes_penalties == (_penalties(language) in said)
    assert bool(_files(reminder)) == step.attaches_invoices == (_with_files(language) in said)
    if step.channel == StepChannel.EMAIL:
        assert reminder.sent_to == f"{step.contact.lower()}@client.test"


def _penalties(language: str) -> str:
    return "pénalités citées" if language == "fr" else "penalties named"


def _with_files(language: str) -> str:
    return "avec relevé" if language == "fr" else "with statement and invoices"


def _files(reminder: Reminder) -> list[Any]:
    """Statement and copies that went along, in the message or in the envelope; not the letter itself."""
    message = OutboxMessage.objects.filter(key=f"reminder:{reminder.pk}").first()
    files = [*reminder.enclosures, *(message.files if message else ())]
    return [row for row in files if row.get("source") or row["name"].startswith(("statement", "releve"))]
