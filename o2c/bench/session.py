"""One run of benchmarks: how large the book is, how often to measure, where to print."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from random import Random

from django.utils import timezone

from accounts.models import Company, CustomerAccount, User

from .report import Report
from .volume import CODE, make_volume, shapes


@dataclass
class Session:
    """What a benchmark is given.

    :ivar repeats: turns of short acts; the median counts
    :ivar rounds: rounds of a race
    """

    report: Report
    accounts: int
    items: int
    repeats: int = 41
    rounds: int = 100
    _books: dict[str, Company] = field(default_factory=dict)

    def book(self, accounts: int | None = None, items: int | None = None, *, code: str = CODE) -> Company:
        """The company with the book to measure on; made where it is not there with at least as many clients."""
        accounts, items = accounts or self.accounts, items or self.items
        if code not in self._books:
            company = Company.objects.filter(code=code).first()
            there = 0 if company is None else CustomerAccount.objects.filter(company=company).count()
            if company is None or there < accounts:
                began = time.monotonic()
                plan = shapes(accounts - there, items, items // 10, random=Random(1))
                company = make_volume(plan, code=code, at=timezone.now()).company
                self.report.say(
                    f"book {code}: {accounts} accounts, {items} open items, made in {time.monotonic() - began:.0f} s"
                )
            self._books[code] = company
        return self._books[code]

    def member(self, role: str) -> User:
        """Somebody who works with the book: ``adv``, ``credit``, ``accountant``, ``rep-01``."""
        return User.objects.get(username=f"volume-{role}")
