"""The words a French invoice must carry, as they are on the day of issue (C. com. L441-9, L441-10; domain.md 3.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _

from o2c.shared import formats

# C. com. D441-5: fixed sum for the cost of recovery, in euro.
RECOVERY_FEE: Final = Decimal("40.00")
# C. com. L441-10 II: points above the main refinancing rate of the European Central Bank.
LEGAL_POINTS: Final = Decimal(10)


@dataclass(frozen=True)
class Note:
    """A note of the document with its subject code: PMT, PMD, AAB (compulsory), ACC where it is sold, else empty."""

    code: str
    text: str


def half_year_start(day: date) -> date:
    """Return the day whose rate holds for the half-year of ``day``: 1 January or 1 July."""
    return date(day.year, 1 if day.month <= 6 else 7, 1)


def compulsory_notes(
    *,
    issued: date,
    refinancing_rate: Decimal | None,
    contract_rate: Decimal | None,
    discount_terms: str,
    language: str,
) -> tuple[Note, ...]:
    """Return the three notes that every French e-invoice carries.

    :param refinancing_rate: the ECB's on the first day of the half-year of issue, in percent; None when it is not
        known yet: then the legal rate is named without a figure
    :param contract_rate: the yearly rate of the contract, in percent; None for the legal one
    """
    fee = formats.money(RECOVERY_FEE, language)
    return (
        Note(
            "PMT",
            _(
                "In case of late payment a fixed sum of %(fee)s for recovery costs is due"
                " (C. com. art. L441-10 and D441-5)."
            )
            % {"fee": fee},
        ),
        Note("PMD", _penalties(issued, refinancing_rate, contract_rate, language)),
        Note("AAB", discount_terms or _("Discount for early payment: none.")),
    )


def factor_note(factor: str, iban: str) -> Note:
    """Return the note that only payment to the factor frees the client (C. civ. art. 1346-1, 1346-5).

    Its subject code is that of a factor assignment clause (UNTDID 4451, ACC).
    """
    return Note(
        "ACC",
        _(
            "To free you of this debt, pay %(factor)s alone, IBAN %(iban)s: it is subrogated to our rights in this"
            " invoice (C. civ. art. 1346-1). Tell it of any claim."
        )
        % {"factor": factor, "iban": formats.iban(iban)},
    )


def _penalties(
    issued: date, refinancing_rate: Decimal | None, contract_rate: Decimal | None, language: str
) -> str:
    if contract_rate is not None:
        rate = formats.percent(contract_rate / 100, language, decimals=2)
        return _(
            "Any late payment bears interest at %(rate)s a year from the day after the due date, without reminder."
        ) % {"rate": rate}
    if refinancing_rate is None:
        return _(
            "Any late payment bears interest at the legal rate (refinancing rate of the European Central Bank plus"
            " 10 points) from the day after the due date, without reminder."
        )
    return _(
        "Any late payment bears interest at %(rate)s a year (refinancing rate of the European Central Bank on"
        " %(day)s plus 10 points) from the day after the due date, without reminder."
    ) % {
        "rate": formats.percent((refinancing_rate + LEGAL_POINTS) / 100, language, decimals=2),
        "day": formats.date_short(half_year_start(issued)),
    }
