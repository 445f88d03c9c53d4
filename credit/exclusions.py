"""Which parts of the exposure count in a company: SQL for whoever adds them up, and the list for people."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from accounts.models import Company

from .exclusion_models import ExposureExclusion

_MARK: Final = re.compile(r"/\*counts (\S+) (\S+)\*/")
_IN_FORCE: Final = "x.effective_from <= %(today)s AND (x.effective_to IS NULL OR x.effective_to > %(today)s)"
# Few rows there are, none as a rule: looked up once for all that is added up.
_COUNTS: Final = (
    r"AND NOT EXISTS (SELECT FROM credit_exposureexclusion x"
    rf" WHERE x.company_id = \2 AND x.part = \1 AND {_IN_FORCE})"
)


def counted(rows: str) -> str:
    """Write the switches into SQL of exposure rows: each mark ``/*counts part company*/`` becomes their condition.

    :param rows: the marks stand where a condition of the ``WHERE`` may follow
    """
    return _MARK.sub(_COUNTS, rows)


def is_excluded(part: str, company: str) -> str:
    """The SQL of whether a part does not count on ``%(today)s``.

    :param part: SQL of its code
    :param company: SQL of the company's key
    """
    return (
        "EXISTS (SELECT FROM credit_exposureexclusion x"
        f" WHERE x.company_id = {company} AND x.part = {part} AND {_IN_FORCE})"
    )


def excluded_on(company: Company, day: date) -> list[ExposureExclusion]:
    """The parts that do not count on a day."""
    found = ExposureExclusion.objects.filter(company=company, effective_from__lte=day)
    return [row for row in found.order_by("part", "pk") if row.effective_to is None or row.effective_to > day]
