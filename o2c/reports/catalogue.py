"""The reports by name: what is asked for, as plain values, and how each is read and written.

Page, API, command and background work all go through here, so that the same question gives the same file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from accounts.models import Company, User
from invoicing.ageing import EDGES, Basis

from .aged_balance import AgedBalance, aged_balance, in_currency
from .aged_files import aged_sheet
from .dispute_files import dispute_sheet
from .disputes import DisputeReport, dispute_report
from .exposure import ExposureStream, exposure_stream
from .exposure_files import exposure_sheet
from .files import Sheet
from .scope import EVERYBODY, Selection

AGED_BALANCE: Final = "aged-balance"
EXPOSURE: Final = "exposure"
DISPUTES: Final = "disputes"
REPORTS: Final = (AGED_BALANCE, EXPOSURE, DISPUTES)


Report = AgedBalance | ExposureStream | DisputeReport


@dataclass(frozen=True)
class Asked:
    """One question: which report of which day, about whom.

    :ivar by: the aged balance alone: what the age counts from
    :ivar edges: the aged balance alone: last day of each bucket
    :ivar currency: the aged balance alone: what is in this currency; all of it when nothing is
    """

    report: str
    as_of: date
    selection: Selection = EVERYBODY
    by: str = Basis.DUE_DATE.value
    edges: tuple[int, ...] = EDGES
    currency: str = ""

    def as_payload(self) -> dict[str, Any]:
        """Return it as plain JSON, for background work."""
        return asdict(self) | {"as_of": self.as_of.isoformat(), "edges": list(self.edges)}

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Asked:
        """Read what ``as_payload`` wrote."""
        return cls(
            report=payload["report"],
            as_of=date.fromisoformat(payload["as_of"]),
            selection=Selection(**payload["selection"]),
            by=payload["by"],
            edges=tuple(payload["edges"]),
            currency=payload["currency"],
        )


def read(asked: Asked, *, user: User | None, company: Company, at: datetime) -> Report:
    """Read a report for somebody, to be written once; raises what ``aged_balance`` and ``exposure_stream`` raise.

    :param user: None for the operator of the machine
    """
    if asked.report == EXPOSURE:
        return exposure_stream(
            user=user, company=company, as_of=asked.as_of, at=at, selection=asked.selection
        )
    if asked.report == DISPUTES:
        return dispute_report(user=user, company=company, as_of=asked.as_of, selection=asked.selection)
    report = aged_balance(
        user=user,
        company=company,
        as_of=asked.as_of,
        by=asked.by,
        buckets=asked.edges,
        selection=asked.selection,
    )
    return in_currency(report, asked.currency)


def sheet_of(report: Report) -> Sheet:
    """Return a report as a table."""
    if isinstance(report, DisputeReport):
        return dispute_sheet(report)
    return exposure_sheet(report) if isinstance(report, ExposureStream) else aged_sheet(report)


def title_of(report: str) -> str:
    """Return the name of a report."""
    if report == DISPUTES:
        return _("Disputes")
    return _("Exposure") if report == EXPOSURE else _("Aged balance")
