"""The month of a process: what was opened and ended, why, how fast, at what cost (domain.md 7.5)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.utils import dateformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts.models import Company, User
from disputes.enums import Department, DisputeType, RootCause
from disputes.models import Dispute
from dunning.enums import CallTopic
from o2c.shared import formats
from o2c.shared.calendar import add_months, end_of_month

from ..dispute_bars import Bar, bars, mean, total
from ..dispute_files import dispute_sheet
from ..disputes import DisputeReport, DisputeRow, dispute_report
from ..enums import SubjectKind
from ..files import Paper, Sheet
from ..scope import EVERYBODY

_NAMED: Final = 5
_WORDS: Final[dict[SubjectKind, Callable[[str], Any]]] = {
    SubjectKind.DEPARTMENT: Department,
    SubjectKind.CAUSE: RootCause,
    SubjectKind.TOPIC: CallTopic,
}


@dataclass(frozen=True)
class Month:
    """Cases of a process in a month, of those that count in the company's currency.

    :ivar opened: in the month
    :ivar ended: in the month
    :ivar still_open: at its end
    """

    opened: Sequence[DisputeRow]
    ended: Sequence[DisputeRow]
    still_open: Sequence[DisputeRow]

    @property
    def average_days(self) -> Decimal | None:
        """How long those that ended took; None where none did."""
        return mean([row.days for row in self.ended])

    @property
    def within_delay(self) -> Decimal | None:
        """Share of those that ended by their agreed date, in [0, 1]; None where none had one."""
        return _share_within(self.ended)

    @property
    def late(self) -> list[DisputeRow]:
        """Those open at its end whose agreed date had passed."""
        return [row for row in self.still_open if row.within is False]

    def causes(self) -> list[Bar]:
        """Pareto of the root causes of those that ended."""
        return bars(
            self.ended, lambda row: row.root_cause, {each.value: str(each.label) for each in RootCause}
        )

    def types(self) -> list[tuple[Bar, Decimal | None]]:
        """Resolution time per type of those that ended, with the share of agreed delays kept."""
        labels = {each.value: str(each.label) for each in DisputeType}
        return [
            (bar, _share_within([row for row in self.ended if row.type == bar.code]))
            for bar in bars(self.ended, lambda row: row.type, labels)
        ]


def _share_within(rows: Sequence[DisputeRow]) -> Decimal | None:
    judged = [row.within for row in rows if row.within is not None]
    return Decimal(sum(judged)) / len(judged) if judged else None


def month_of(rows: Sequence[DisputeRow], month: date) -> Month:
    """Sort rows into a month; those that ended later count as open then.

    :param month: its first day
    """
    last = end_of_month(month)
    there = [row for row in rows if row.opened_on <= last]
    return Month(
        opened=[row for row in there if row.opened_on >= month],
        ended=[row for row in there if row.closed_on is not None and month <= row.closed_on <= last],
        still_open=[row for row in there if row.closed_on is None or row.closed_on > last],
    )


@dataclass(frozen=True)
class CauseStatement:
    """What one owner is told of one month."""

    company: Company
    month: date
    subjects: Sequence[tuple[str, str]]
    report: DisputeReport
    now: Month
    before: Month

    def title(self) -> str:
        """What it is, in the language in force."""
        return _("Causes of disputes, %(month)s") % {"month": month_name(self.month)}

    def figures(self) -> dict[str, Any]:
        """What is kept of it."""
        days, within = self.now.average_days, self.now.within_delay
        return {
            "opened": len(self.now.opened),
            "opened_before": len(self.before.opened),
            "opened_amount": f"{total(self.now.opened, 'amount'):.2f}",
            "ended": len(self.now.ended),
            "ended_amount": f"{total(self.now.ended, 'amount'):.2f}",
            "average_days": None if days is None else f"{days:.1f}",
            "within_delay": None if within is None else f"{within:.4f}",
            "open": len(self.now.still_open),
            "open_amount": f"{total(self.now.still_open, 'amount'):.2f}",
            "late": len(self.now.late),
            "cost": f"{total(self.now.ended, 'cost'):.2f}",
            "causes": [bar.as_record() for bar in self.now.causes()],
            "types": [
                bar.as_record() | {"within_delay": None if kept is None else f"{kept:.4f}"}
                for bar, kept in self.now.types()
            ],
        }

    def facts(self, language: str) -> list[tuple[str, str]]:
        """The figures as label and value, written for a reader."""
        now, before = self.now, self.before
        return [
            (_("Covers"), ", ".join(subject_label(*subject) for subject in self.subjects)),
            (
                pgettext("cases", "Opened"),
                self._counted(now.opened, language) + _compared(len(before.opened)),
            ),
            (pgettext("cases", "Ended"), self._counted(now.ended, language) + _compared(len(before.ended))),
            (
                _("Average resolution time"),
                _days(now.average_days, language)
                + (
                    _compared(_days(before.average_days, language)) if before.average_days is not None else ""
                ),
            ),
            (_("Within the agreed delay"), formats.percent(now.within_delay, language, decimals=0)),
            (_("Open at the end of the month"), self._counted(now.still_open, language)),
            (_("Of these past their date"), self._counted(now.late, language)),
            (_("Cost of those that ended"), self._money(total(now.ended, "cost"), language)),
        ]

    def reasons(self, language: str) -> list[str]:
        """Root causes of those that ended, the dearest first."""
        return [
            _("%(cause)s: %(amount)s, %(share)s, %(cases)s, %(days)s on average")
            % {
                "cause": bar.label,
                "amount": self._money(bar.amount, language),
                "share": formats.percent(bar.share, language, decimals=0),
                "cases": _cases(bar.count),
                "days": _days(bar.days, language),
            }
            for bar in self.now.causes()[:_NAMED]
        ]

    def times(self, language: str) -> list[str]:
        """Resolution time per type, of those that ended."""
        return [
            _("%(type)s: %(days)s on average, %(cases)s, agreed delay kept in %(kept)s")
            % {
                "type": bar.label,
                "days": _days(bar.days, language),
                "cases": _cases(bar.count),
                "kept": formats.percent(kept, language, decimals=0),
            }
            for bar, kept in self.now.types()
        ]

    def lines(self, language: str) -> list[str]:
        """The words of its message."""
        facts = [
            _("%(label)s: %(value)s") % {"label": label, "value": value}
            for label, value in self.facts(language)
        ]
        said = [self.title(), "", *facts]
        if reasons := self.reasons(language):
            said += ["", _("Root causes of those that ended:"), *(f"- {line}" for line in reasons)]
        if times := self.times(language):
            said += ["", _("Resolution time by type:"), *(f"- {line}" for line in times)]
        return [*said, "", _("Every case is in the files that go with this message.")]

    def stem(self) -> str:
        """The name of its files without their ending."""
        return "_".join((_("causes-of-disputes"), self.company.code, f"{self.month:%Y-%m}"))

    def sheet(self) -> Sheet:
        """Its cases as a table and on paper."""
        whole = dispute_sheet(self.report)
        return replace(
            whole, stem=self.stem, paper=lambda language: self._paper(whole.paper(language), language)
        )

    def _paper(self, paper: Paper, language: str) -> Paper:
        said = []
        if reasons := self.reasons(language):
            said += [_("Root causes of those that ended:"), *reasons]
        if times := self.times(language):
            said += [_("Resolution time by type:"), *times]
        return replace(
            paper,
            title=self.title(),
            facts=self.facts(language),
            control=said or [_("No dispute ended in this month.")],
        )

    def _counted(self, rows: Sequence[DisputeRow], language: str) -> str:
        return f"{_cases(len(rows))}, {self._money(total(rows, 'amount'), language)}"

    def _money(self, amount: Decimal, language: str) -> str:
        return formats.money(amount, language, self.company.currency)


def cause_statement(
    *, company: Company, month: date, owner: User, subjects: Sequence[tuple[str, str]]
) -> CauseStatement:
    """Read what an owner is told of a month: the cases of its departments and causes that it may see.

    The root cause is known of what has ended; until then the department that answers decides.
    """
    report = dispute_report(user=None, company=company, as_of=end_of_month(month), selection=EVERYBODY)
    seen = set(
        Dispute.objects.visible_to(owner, company).filter(company=company).values_list("pk", flat=True)
    )
    own = [row for row in report.rows if row.key in seen and concerns(row, subjects)]
    before = add_months(month, -1)
    first = [row for row in own if row.currency == company.currency]
    touched = {row.key for row in (*month_of(own, month).opened, *month_of(own, month).ended)}
    shown = [row for row in own if row.key in touched or row.closed_on is None]
    return CauseStatement(
        company=company,
        month=month,
        subjects=subjects,
        report=replace(report, rows=shown),
        now=month_of(first, month),
        before=month_of(first, before),
    )


def concerns(row: DisputeRow, subjects: Collection[tuple[str, str]]) -> bool:
    """Whether a case belongs to one of these departments, or to one of these branches of causes."""
    branch = row.root_cause.partition(".")[0]
    return (SubjectKind.DEPARTMENT, row.department) in subjects or (SubjectKind.CAUSE, branch) in subjects


def subject_label(kind: str, subject: str) -> str:
    """A process in words."""
    return str(_WORDS[SubjectKind(kind)](subject).label)


def month_name(month: date) -> str:
    """A month in words, in the language in force: October 2026."""
    return dateformat.format(month, "F Y")


def _cases(count: int) -> str:
    return ngettext("%(n)d case", "%(n)d cases", count) % {"n": count}


def _days(days: Decimal | None, language: str) -> str:
    return (
        formats.NOTHING
        if days is None
        else _("%(n)s days") % {"n": formats.number(days, language, decimals=1)}
    )


def _compared(before: int | str) -> str:
    return " " + _("(month before: %(before)s)") % {"before": before}
