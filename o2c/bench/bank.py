"""``bank``: a statement of 5 000 lines over 50 000 open items, by page and by API, until its payments are matched.

Everything goes the way it goes for people: the file is sent, looked at, booked and matched by work rows.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from xml.sax.saxutils import escape

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.middleware import SESSION_COMPANY
from accounts.models import Company, User
from invoicing import services
from invoicing.enums import FileStatus
from invoicing.models import (
    Allocation,
    BankStatement,
    CashDiscount,
    Matching,
    MatchingRules,
    PayerLink,
    StatementFile,
    StatementLine,
)
from o2c.shared import work
from o2c.shared.calendar import paris_date
from o2c.shared.models import Work

from .browsing import browser
from .matching import CLIENTS, ITEMS, LINES
from .session import Session
from .statement import TERMS, Truth, Writer

CODE: Final = "BANK"
_IBAN: Final = "FR7630006000011234567890189"
_CURRENCY: Final = "EUR"
_ZERO: Final = Decimal(0)


@dataclass
class _Way:
    """One statement brought in one way.

    :ivar answers: seconds of each answer somebody waited for
    :ivar done: pieces of work and their seconds by kind
    :ivar desk: seconds of the matching desk with everything that is left on it
    """

    name: str
    truths: Sequence[Truth]
    answers: list[float] = field(default_factory=list)
    done: dict[str, tuple[int, float]] = field(default_factory=dict)
    matched: int = 0
    wrong: int = 0
    desk: float | None = None

    def answer(self, call: Callable[[], Any]) -> Any:
        """What a request answers; its time is kept."""
        began = time.perf_counter()
        response = call()
        self.answers.append(time.perf_counter() - began)
        return response

    def work_off(self) -> None:
        """Do all waiting work, what it asks for included."""
        while waiting := list(
            Work.objects.filter(state=Work.State.QUEUED, not_before__lte=timezone.now())
            .order_by("pk")
            .values_list("pk", "kind")
        ):
            for key, kind in waiting:
                began = time.perf_counter()
                work.run(key)
                count, seconds = self.done.get(kind, (0, 0.0))
                self.done[kind] = count + 1, seconds + time.perf_counter() - began

    def each(self, *kinds: str) -> float:
        """Milliseconds a line that work of these kinds took, of all without a kind."""
        seconds = sum(spent for kind, (_count, spent) in self.done.items() if kind.startswith(kinds or ""))
        return seconds / len(self.truths) * 1000


def run(session: Session) -> None:
    """Bring in a statement by page and another one by API; compare what was matched with the truth."""
    lines = min(LINES, session.items // 10)
    company = session.book(min(CLIENTS, session.accounts), min(ITEMS, session.items), code=CODE)
    by, at = session.member("accountant"), timezone.now()
    CashDiscount.objects.update_or_create(
        company=company, account=None, defaults={"percent": TERMS.percent, "days": TERMS.days}
    )
    MatchingRules.objects.update_or_create(company=company, defaults={"is_automatic": True})
    services.add_bank_account(company=company, iban=_IBAN, currency=_CURRENCY, by=by, at=at)
    earlier = BankStatement.objects.filter(company=company).count()
    _Way("before", ()).work_off()
    try:
        truths = Writer(company, by, at, seed=11 + earlier, currency=_CURRENCY).make(2 * lines)
        ways = [_Way("by page", truths[:lines]), _Way("by API", truths[lines:])]
        for number, (way, send) in enumerate(zip(ways, (_by_page, _by_api), strict=True), start=earlier + 1):
            upload = SimpleUploadedFile(f"{number}.xml", "".join(_camt053(way.truths, number, at)).encode())
            send(way, company, by, upload)
            _compare(way, BankStatement.objects.get(company=company, number=str(number)))
            _tell(session, way)
    finally:
        PayerLink.objects.filter(company=company).delete()


def _by_page(way: _Way, company: Company, by: User, upload: SimpleUploadedFile) -> None:
    client = browser(by.username)
    kept = client.session
    kept[SESSION_COMPANY] = company.pk
    kept.save()
    sent = way.answer(lambda: client.post(reverse("invoicing:import_statement"), {"file": upload}))
    way.answer(lambda: client.get(sent.url))
    way.work_off()
    way.answer(lambda: client.get(sent.url))
    way.answer(lambda: client.post(sent.url))
    way.work_off()
    way.answer(lambda: client.get(sent.url))
    way.answer(lambda: client.get(reverse("invoicing:desk")))
    way.desk = way.answers[-1]
    found = StatementFile.objects.filter(company=company).latest("pk")
    assert found.status == FileStatus.DONE, found.result


def _by_api(way: _Way, company: Company, by: User, upload: SimpleUploadedFile) -> None:
    client: Client = browser(by.username)
    address = f"/api/v1/statements/?company={company.code}&async=1"
    sent = way.answer(lambda: client.post(address, {"file": upload}))
    way.work_off()
    job = way.answer(lambda: client.get(sent.json()["url"]))
    assert job.json()["result"]["status"] == FileStatus.DONE, job.json()


def _camt053(truths: Sequence[Truth], number: int, at: Any) -> Iterator[str]:
    """The statement as the bank sends it, with balances that tie."""
    day = paris_date(at)
    payments = [truth.payment for truth in truths]
    total = sum((payment.amount for payment in payments), _ZERO)
    yield (
        '<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">'
        f"<BkToCstmrStmt><Stmt><Id>{number}</Id><Acct><Id><IBAN>{_IBAN}</IBAN></Id><Ccy>{_CURRENCY}</Ccy></Acct>"
    )
    for code, amount in (("OPBD", _ZERO), ("CLBD", total)):
        yield (
            f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="{_CURRENCY}">{amount}</Amt>'
            f"<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>\n"
        )
    for payment in payments:
        payer = escape(payment.payer_iban)
        account = f"<DbtrAcct><Id><IBAN>{payer}</IBAN></Id></DbtrAcct>" if payer else ""
        yield (
            f'<Ntry><Amt Ccy="{_CURRENCY}">{payment.amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
            f"<BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt><NtryDtls><TxDtls><RltdPties>"
            f"<Dbtr><Pty><Nm>{escape(payment.payer_name)}</Nm></Pty></Dbtr>{account}</RltdPties>"
            f"<RmtInf><Ustrd>{escape(payment.reference)}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>\n"
        )
    yield "</Stmt></BkToCstmrStmt></Document>"


def _compare(way: _Way, statement: BankStatement) -> None:
    """What the portal matched by itself, beside what each payment was for."""
    payments = list(
        StatementLine.objects.filter(statement=statement)
        .order_by("position")
        .values_list("payment_id", flat=True)
    )
    assert len(payments) == len(way.truths), (len(payments), len(way.truths))
    acts = {act.payment_id: act for act in Matching.objects.filter(payment__in=payments, is_automatic=True)}
    settled = _settled(list(acts.values()))
    way.matched = len(acts)
    way.wrong = sum(
        settled[acts[payment].pk] != truth.items
        for payment, truth in zip(payments, way.truths, strict=True)
        if payment in acts
    )


def _settled(acts: Sequence[Matching]) -> dict[int, frozenset[tuple[str, Decimal]]]:
    """The documents that each act settled, with how much of them; what it wrote off is no document of a client."""
    act_of = {key: act for act in acts for key in act.allocations}
    sums: dict[int, dict[int, tuple[str, Decimal]]] = defaultdict(dict)
    for row in Allocation.objects.filter(pk__in=act_of).select_related("debit"):
        act = act_of[row.pk]
        if row.debit_id not in act.differences:
            _document, before = sums[act.pk].get(row.debit_id, ("", _ZERO))
            sums[act.pk][row.debit_id] = row.debit.document, before + row.amount
    return {act.pk: frozenset(sums[act.pk].values()) for act in acts}


def _tell(session: Session, way: _Way) -> None:
    """Print the figures of one statement as soon as they are there."""
    lines = len(way.truths)
    figures = [
        way.name, str(lines), f"{max(way.answers) * 1000:.0f} ms",
        "–" if way.desk is None else f"{way.desk * 1000:.0f} ms", f"{way.each('bank.'):.1f} ms",
        f"{way.each('matching.'):.1f} ms", f"{way.each():.1f} ms", f"{way.matched / lines * 100:.1f} %",
        str(way.wrong),
    ]  # fmt: skip
    head = (
        "Statement",
        "Lines",
        "Slowest answer",
        "Desk after it",
        "Read and booked",
        "Matched",
        "All work",
        "By itself",
        "Wrong",
    )
    session.report.table(f"bank: {lines} lines {way.name}, times of work a line", head, [figures])
    session.report.table(
        f"bank: the work behind them, {way.name}",
        ("Kind", "Pieces", "Time"),
        [[kind, str(count), f"{seconds:.2f} s"] for kind, (count, seconds) in sorted(way.done.items())],
    )
    session.report.judge("bank.wrong", way.wrong)
    session.report.judge("bank.answer", max(way.answers) * 1000)
    session.report.judge("bank.line", way.each())
