"""Which parts of the exposure count in a company: SQL for whoever adds them up, and the list for people.

A part counts by its default (``OFF_BY_DEFAULT``) unless a row of the day turns it. Whoever adds up does so by part
first and asks afterwards, of a few sums: no document is ever asked whether its part counts.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Final

from django.db.models import Q, QuerySet

from accounts.models import Company

from .switch_models import OFF_BY_DEFAULT, ExposureSwitch, SwitchedPart

# Which rows are in force on ``%(today)s``.
IN_FORCE_SQL: Final = "effective_from <= %(today)s AND (effective_to IS NULL OR effective_to > %(today)s)"
# Few rows there are, none as a rule: read once for all that is added up.
SWITCHED: Final = f"""
    switched AS MATERIALIZED (SELECT company_id, part FROM credit_exposureswitch WHERE {IN_FORCE_SQL})
"""
_OFF: Final = ", ".join(f"'{part}'" for part in sorted(OFF_BY_DEFAULT))


def counts_sql(part: str, turned: str) -> str:
    """The SQL of whether a part counts.

    :param part: SQL of its code
    :param turned: SQL of whether a row of ``switched`` turns it
    """
    return f"(({part} IN ({_OFF})) = ({turned}))"


def is_left_out(part: SwitchedPart, company: str) -> str:
    """The SQL of whether a part that counts by default does not on ``%(today)s``.

    :param company: SQL of the company's key
    """
    return (
        "EXISTS (SELECT FROM credit_exposureswitch x"
        f" WHERE x.company_id = {company} AND x.part = '{part.value}' AND {IN_FORCE_SQL})"
    )


def counts(part: str, turned: Collection[str]) -> bool:
    """Whether a part counts where these parts are turned against their default."""
    return (part in OFF_BY_DEFAULT) == (part in turned)


def switches_on(company: Company, day: date) -> list[ExposureSwitch]:
    """The rows in force on a day, each of which turns a part."""
    found = _all(company).filter(effective_from__lte=day)
    return list(found.filter(Q(effective_to=None) | Q(effective_to__gt=day)).order_by("part", "pk"))


def left_out_on(company: Company, day: date) -> dict[str, ExposureSwitch | None]:
    """The parts that do not count on a day, each with the row that says so; None where that is the default."""
    rows = {row.part: row for row in switches_on(company, day)}
    return {part: rows.get(part) for part in SwitchedPart.values if not counts(part, rows)}


def switch_history(company: Company) -> QuerySet[ExposureSwitch]:
    """Every row that ever took effect or will, the newest first."""
    return _all(company).order_by("-effective_from", "-pk")


def _all(company: Company) -> QuerySet[ExposureSwitch]:
    return ExposureSwitch.objects.filter(company=company).select_related("set_by", "ended_by")
