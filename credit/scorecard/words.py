"""What stands behind a sub-score, in sentences with their dates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from credit.enums import CoverStatus
from o2c.shared import formats

from .enums import Block, Change, RatingScale

Inputs = Mapping[str, Any]


class Line(NamedTuple):
    """A sentence, and the day it is of."""

    text: str
    on: date | None


UNKNOWN: Final = {
    Block.PAYMENT: gettext_lazy("Nothing was paid or fell due in twelve months."),
    Block.STATEMENTS: gettext_lazy("No balance sheet of the last eighteen months: enter one, or import it."),
    Block.EXTERNAL: gettext_lazy("No rating was handed over and the insurer has not answered."),
    Block.AGE: gettext_lazy("The year of foundation is not known."),
    Block.DISPUTES: gettext_lazy("Nothing was invoiced in twelve months."),
}
_RATIOS: Final = {
    "equity": gettext_lazy("Equity %(value)s of the balance sheet: %(points)s points"),
    "current": gettext_lazy("Current ratio %(value)s: %(points)s points"),
    "margin": gettext_lazy("Operating margin %(value)s: %(points)s points"),
    "debt": gettext_lazy("Net debt %(value)s times the EBITDA: %(points)s points"),
}
_NO_EARNINGS: Final = gettext_lazy("Net debt without EBITDA to pay it: %(points)s points")


def lines(block: Block, inputs: Inputs) -> list[Line]:
    """What a sub-score was computed from; what is missing where it is unknown is said by ``UNKNOWN``."""
    return list(_WRITERS[block](inputs)) if inputs else []


def _payment(inputs: Inputs) -> Iterator[Line]:
    currency = inputs.get("currency", "EUR")
    if days := inputs.get("days"):
        yield Line(_("%(days)s days late on average, weighted by amount") % {"days": _number(days, 1)}, None)
    if paid := inputs.get("paid"):
        text = _("Paid in twelve months: %(amount)s, %(days)s days late on average")
        days = _number(inputs["paid_days"], 1)
        yield Line(text % {"amount": _money(paid, currency), "days": days}, _day(inputs["paid_on"]))
    if late := inputs.get("late"):
        text = _("Late and not disputed: %(amount)s, %(days)s days on average")
        days = _number(inputs["late_days"], 1)
        yield Line(text % {"amount": _money(late, currency), "days": days}, _day(inputs["late_on"]))
    if count := inputs.get("returned"):
        text = ngettext(
            "%(n)s bill or direct debit returned: −%(points)s points",
            "%(n)s bills or direct debits returned: −%(points)s points",
            count,
        )
        yield Line(text % {"n": count, "points": 20 * count}, _day(inputs["returned_on"]))
    if count := inputs.get("broken"):
        text = ngettext(
            "%(n)s promise not kept: −%(points)s points", "%(n)s promises not kept: −%(points)s points", count
        )
        yield Line(text % {"n": count, "points": 10 * count}, _day(inputs["broken_on"]))


def _statement(inputs: Inputs) -> Iterator[Line]:
    yield Line(_("Year closed on %(day)s") % {"day": formats.date_short(_day(inputs["closed_on"]))}, None)
    for ratio in inputs["ratios"]:
        points = _number(ratio["points"], 1)
        if ratio["value"] is None:
            yield Line(str(_NO_EARNINGS) % {"points": points}, None)
            continue
        value = Decimal(ratio["value"])
        percent = ratio["code"] in {"equity", "margin"}
        written = formats.percent(value / 100, _language()) if percent else _number(value, 2)
        yield Line(str(_RATIOS[ratio["code"]]) % {"value": written, "points": points}, None)


def _external(inputs: Inputs) -> Iterator[Line]:
    if rating := inputs.get("rating"):
        given = {"scale": RatingScale(inputs["scale"]).label, "rating": rating}
        if inputs["rating_points"] is None:
            text = _("%(scale)s: %(rating)s, which says nothing")
        else:
            text = _("%(scale)s: %(rating)s, %(points)s points")
            given["points"] = _number(inputs["rating_points"], 1)
        yield Line(text % given, _day(inputs["rated_on"]))
    if cover := inputs.get("cover"):
        status = CoverStatus(cover).label.lower()
        yield Line(_("Insurer's cover: %(status)s") % {"status": status}, _day(inputs["cover_on"]))


def _age(inputs: Inputs) -> Iterator[Line]:
    founded_on = _day(inputs["founded_on"])
    yield Line(_("Founded %(years)s years ago") % {"years": _number(inputs["years"], 1)}, founded_on)
    if change := inputs.get("change"):
        yield Line(str(Change(change).label), _day(inputs["changed_on"]))


def _disputes(inputs: Inputs) -> Iterator[Line]:
    currency, until = inputs["currency"], _day(inputs["until"])
    text = _("Disputed %(disputed)s of %(invoiced)s invoiced in twelve months: %(rate)s")
    rate = formats.percent(Decimal(inputs["rate"]) / 100, _language())
    amounts = {name: _money(inputs[name], currency) for name in ("disputed", "invoiced")}
    yield Line(text % {**amounts, "rate": rate}, until)
    if count := inputs.get("pretexts"):
        text = ngettext(
            "%(n)s claim made only to pay later: counts from two on",
            "%(n)s claims made only to pay later: −%(points)s points",
            count,
        )
        yield Line(text % {"n": count, "points": 10 * count}, _day(inputs["pretext_on"]))
    if share := inputs.get("dependence"):
        text = _("Our invoices are %(share)s of its revenue: shown, not counted")
        yield Line(text % {"share": formats.percent(Decimal(share) / 100, _language())}, until)


_WRITERS: Final[Mapping[Block, Callable[[Inputs], Iterator[Line]]]] = {
    Block.PAYMENT: _payment,
    Block.STATEMENTS: _statement,
    Block.EXTERNAL: _external,
    Block.AGE: _age,
    Block.DISPUTES: _disputes,
}


def _language() -> str:
    return get_language() or "fr"


def _number(value: str | Decimal, decimals: int) -> str:
    return formats.number(Decimal(value), _language(), decimals=decimals)


def _money(value: str, currency: str) -> str:
    return formats.money_round(Decimal(value), _language(), currency)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
