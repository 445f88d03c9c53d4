"""The number of a registered letter: once, by whoever may, for what has left on paper."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.enums import ContactRole
from accounts.models import Company, Contact, CustomerAccount, User
from dunning.models import Reminder
from dunning.services import registered, runs, sending
from dunning.services.scenarios import ensure_scenario
from o2c.shared.models import AuditEvent, Work
from o2c.shared.problems import Invalid, NotAllowed
from tests.factories.accounts import make_user
from tests.factories.invoicing import AT, TODAY, day, make_item

pytestmark = pytest.mark.django_db


@pytest.fixture
def notice(
    company: Company, account: CustomerAccount, accountant: User, monkeypatch: pytest.MonkeyPatch
) -> Reminder:
    """A formal notice that has left."""
    monkeypatch.setattr(sending.timezone, "now", lambda: AT)
    Contact.objects.create(
        account=account, name="Ana", role=ContactRole.LEGAL_REPRESENTATIVE, email="ana@client.test"
    )
    ensure_scenario(company).steps.exclude(number=5).delete()
    ensure_scenario(company).steps.update(number=3)
    make_item(account, "900.00", by=accountant, issued=day(-80), due=day(-40))
    director = make_user("finance_director", company)
    run = runs.plan_run(company=company, as_of=TODAY, by=director, at=AT)
    runs.approve_run(run_id=run.pk, by=director, at=AT)
    for row in Work.objects.filter(kind=runs.SEND):
        sending.send(work=row, **row.payload)
    return run.reminders.get()


def test_noted_once(notice: Reminder, accountant: User):
    assert notice.registered_number == ""
    registered.note_number(reminder_id=notice.pk, number=" 2c 123  456 7890 1", by=accountant, at=AT)
    notice.refresh_from_db()
    assert notice.registered_number == "2C 123 456 7890 1"
    registered.note_number(reminder_id=notice.pk, number="2C 123 456 7890 1", by=accountant, at=AT)
    with pytest.raises(registered.NumberedAlready):
        registered.note_number(reminder_id=notice.pk, number="2C 999 456 7890 1", by=accountant, at=AT)
    assert AuditEvent.objects.filter(action="reminder.numbered").count() == 1


@pytest.mark.parametrize("number", ["", "123", "2C 123/456 789", "9" * 41])
def test_what_is_no_number_is_refused(notice: Reminder, accountant: User, number: str):
    with pytest.raises(Invalid):
        registered.note_number(reminder_id=notice.pk, number=number, by=accountant, at=AT)


def test_only_what_has_left_on_paper_and_by_whoever_may(notice: Reminder, accountant: User, rep: User):
    with pytest.raises(NotAllowed):
        registered.note_number(
            reminder_id=notice.pk, number="2C123456789", by=make_user("sales_manager", notice.company), at=AT
        )
    other = Reminder.objects.create(
        company=notice.company, run=notice.run, account=notice.account, step=notice.step, number=3, channel="email",
        language="fr", as_of=TODAY, currency="USD", total=1,
    )  # fmt: skip
    with pytest.raises(registered.NotPosted):
        registered.note_number(reminder_id=other.pk, number="2C123456789", by=accountant, at=AT)


def test_on_the_page_of_the_letter(notice: Reminder, accountant: User):
    client = Client()
    client.force_login(accountant)
    page = f"/collections/reminders/{notice.pk}/"
    assert 'name="number"' in client.get(page).content.decode()
    client.post(f"{page}number/", {"number": "2C 123 456 7890 1"})
    shown = client.get(page).content.decode()
    assert "2C 123 456 7890 1" in shown
    assert 'name="number"' not in shown
