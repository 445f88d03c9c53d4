"""``sending``: a run over late items whose reminders real workers send, killed twice in the middle: each leaves once.

The clients owe five items each, late enough for the first reminder of the default scenario, an e-mail. Where no mail
server is set up a message ends as a file of the outbox. The run over the whole book leaves the clients' statements out;
how fast they are drawn is told by a smaller one, whose messages take them along.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Final, NamedTuple

from django.db import connection
from django.utils import timezone

from accounts.models import Company, Contact, CustomerAccount
from accounts.services import create_company
from dunning.enums import ReminderStatus
from dunning.models import DunningRun, DunningScenario, Reminder, ReminderLine
from dunning.services.runs import plan_run
from dunning.services.scenarios import ensure_scenario
from dunning.services.sending import KIND
from o2c.shared import outbox
from o2c.shared.calendar import paris_date
from o2c.shared.models import AuditEvent, OutboxMessage, Work
from o2c.shared.tasks import sweep

from .session import Session
from .workers import Workers

CLIENTS: Final = 20_000
ITEMS_EACH: Final = 5
CODE: Final = "SENDING"
# Shares of the reminders that have left when the workers are killed.
KILLED_AT: Final = (0.25, 0.5)
_LOOK: Final = 0.2
_SWEEP: Final = 10.0
_PATIENCE: Final = 180.0
WITH_STATEMENTS: Final = 200
_HEAD: Final = (
    "Letters", "Items", "Proposed in", "Sent in", "Letters/s", "Killed", "Twice or never", "Of a second run",
    "Peak", "Gained",
)  # fmt: skip
_BOOK: Final = """
    WITH entities AS (
        INSERT INTO accounts_legalentity (name, country) SELECT 'Client ' || n, 'FR' FROM generate_series(1, %(n)s) n
        RETURNING id
    ), clients AS (
        INSERT INTO accounts_customeraccount
            (company_id, code, name, entity_id, siret, vat_number, country, address_line1, address_line2, postcode,
             city, currency, term, cap_regime, risk_class, payment_method, language, status, opened_on, version,
             sort_key, search_key)
        SELECT %(company)s, 'S' || id, 'Client ' || id, id, '', '', 'FR', '1 rue des Lilas', '', '69001', 'Lyon', 'EUR',
               'NET30', 'STD60', 'C', 'transfer', CASE WHEN id %% 5 = 0 THEN 'en' ELSE 'fr' END, 'ACTIVE',
               DATE '2020-01-01', 1, 'client', 'client' FROM entities
        RETURNING id
    )
    INSERT INTO invoicing_receivableitem
        (company_id, account_id, kind, document, instalment, issue_date, due_date, currency, amount, open_amount,
         effective_date, recorded_at)
    SELECT %(company)s, c.id, 'OPENING', 'F' || c.id || '-' || n, 1, %(today)s - 45, %(today)s - 8 - n, 'EUR',
           100 + n + c.id %% 50, 100 + n + c.id %% 50, %(today)s - 45, now()
    FROM clients c CROSS JOIN generate_series(1, %(each)s) n
"""


class Proof(NamedTuple):
    """What came of a run.

    :ivar wrong: reminders that left twice or never, steps noted twice, messages and events too many or too few
    :ivar again: letters a second run made
    :ivar peak: the most a worker process ever held, in MB
    :ivar gained: what one held more at the end than after a tenth of what was left to do, in MB
    """

    letters: int
    items: int
    planned: float
    sent: float
    kills: int
    wrong: int
    again: int
    peak: float
    gained: float


def run(session: Session) -> None:
    """Send a reminder to every client of a book made for it."""
    clients = min(CLIENTS, session.accounts)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "workers.log"
        # Each is told as soon as it is there: the whole book takes its time.
        _tell(session, "without statements", prove(clients, log=log))
        few = min(WITH_STATEMENTS, clients)
        _tell(session, "with statements", prove(few, log=log, code=f"{CODE}-S", statements=True))


def _tell(session: Session, name: str, found: Proof) -> None:
    row = [
        str(found.letters), str(found.items), f"{found.planned:.1f} s", f"{found.sent:.0f} s",
        f"{found.letters / found.sent:.1f}", f"{found.kills} times", str(found.wrong), str(found.again),
        f"{found.peak:.0f} MB", f"{found.gained:.0f} MB",
    ]  # fmt: skip
    session.report.table(f"sending: reminders of a run by workers that are killed, {name}", _HEAD, [row])
    session.report.judge("sending.once", found.wrong + found.again)
    session.report.judge("sending.memory", found.peak)


def prove(clients: int, *, log: Path, code: str = CODE, statements: bool = False) -> Proof:
    """Make a book, propose, send with workers that are killed until every message is done, and count.

    :param log: where the workers write
    :param statements: whether each message takes the client's statement along
    """
    company = _book(clients, code, statements=statements)
    began = time.monotonic()
    run = plan_run(company=company, by=None, at=timezone.now())
    planned = time.monotonic() - began
    letters = run.reminders.count()
    began = time.monotonic()
    kills, peak, gained = _sent(run, letters, log)
    sent = time.monotonic() - began
    again = plan_run(company=company, by=None, at=timezone.now()).reminders.count()
    items = ReminderLine.objects.filter(reminder__run=run).count()
    wrong = _wrong(run, clients, files=int(statements))
    return Proof(letters, items, planned, sent, kills, wrong, again, peak, gained)


def _book(clients: int, code: str, *, statements: bool) -> Company:
    """Clients with late items, an address each, and a scenario whose friendly steps leave without review."""
    at = timezone.now()
    company = create_company(code=code, name=code, by=None, at=at)
    with connection.cursor() as cursor:
        cursor.execute(
            _BOOK, {"company": company.pk, "n": clients, "each": ITEMS_EACH, "today": paris_date(at)}
        )
        cursor.execute("ANALYZE invoicing_receivableitem")
        cursor.execute("ANALYZE accounts_customeraccount")
    keys = CustomerAccount.objects.filter(company=company).values_list("pk", flat=True)
    Contact.objects.bulk_create(
        (Contact(account_id=key, name=f"Contact {key}", email=f"c{key}@client.invalid") for key in keys),
        batch_size=2000,
    )
    ensure_scenario(company).steps.update(attaches_invoices=statements)
    DunningScenario.objects.filter(company=company).update(automatic_until=2)
    return company


def _sent(run: DunningRun, letters: int, log: Path) -> tuple[int, float, float]:
    """Send, kill and start again until nothing waits: how often they were killed, peak and gain of memory."""
    stops = [int(letters * share) for share in KILLED_AT]
    kills, peak, early, held = 0, 0.0, 0.0, 0.0
    workers = Workers(log)
    swept = moved = time.monotonic()
    before = (-1, -1)
    try:
        while left := sum(waiting := _waiting(run)):
            now = time.monotonic()
            if waiting != before:
                before, moved = waiting, now
            if now - moved > _PATIENCE:
                raise AssertionError(f"{left} reminders wait and nothing moves: {log.read_text()[-2000:]}")
            if now - swept > _SWEEP:  # as the scheduler does
                sweep()
                swept = now
            held, ever = workers.memory()
            peak = max(peak, ever)
            if (
                not early
                and kills == len(stops)
                and max(0, letters - left) > stops[-1] + (letters - stops[-1]) // 10
            ):
                early = held
            if kills < len(stops) and max(0, letters - left) >= stops[kills]:
                workers.kill()
                workers = Workers(log)
                kills += 1
            time.sleep(_LOOK)
    finally:
        workers.kill()
    return kills, peak, max(0.0, held - early) if early else 0.0


def _waiting(run: DunningRun) -> tuple[int, int]:
    """Reminders that wait to be made messages, and messages that wait to leave: the first become the second."""
    approved = run.reminders.filter(status=ReminderStatus.APPROVED).count()
    not_done = (Work.State.QUEUED, Work.State.RUNNING)
    return approved, Work.objects.filter(kind=outbox.SEND, state__in=not_done).count()


def _wrong(run: DunningRun, clients: int, *, files: int) -> int:
    """Reminders, steps, messages and events that are not there exactly once; messages without their files."""
    sent = Reminder.objects.filter(run=run, status=ReminderStatus.SENT)
    messages = OutboxMessage.objects.filter(kind=KIND, company_id=run.company_id)
    events = AuditEvent.objects.filter(action="reminder.sent", company_id=run.company_id)
    lines = ReminderLine.objects.filter(reminder__run=run, dropped="", repeats=False)
    bare = sum(
        len([file for file in row if file.get("path")]) != files
        for row in messages.values_list("files", flat=True)
    )
    return (
        bare
        + abs(clients - sent.count())
        + abs(clients - messages.count())
        + abs(clients - messages.values("about_id").distinct().count())
        + abs(clients - events.count())
        + abs(clients - events.values("object_id").distinct().count())
        + abs(clients * ITEMS_EACH - lines.values("item").distinct().count())
        + abs(clients * ITEMS_EACH - lines.count())
    )
