"""Bars drawn as SVG percentages: where each part begins and how wide it is. Pure arithmetic, no markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypedDict

from .money import ZERO

_GAP: Final = Decimal("0.15")  # percent of the width left white between two parts
_THINNEST: Final = Decimal("0.30")  # a part that exists is seen
_HEADROOM: Final = Decimal("1.10")  # the scale ends a tenth after the largest figure


class Part(TypedDict, total=False):
    """One part as the caller gives it; ``css`` defaults to the colour of ``code``."""

    code: str
    label: str
    amount: Decimal
    url: str
    css: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A drawn part. ``x`` and ``width`` are percentages as SVG wants them."""

    code: str
    label: str
    amount: Decimal
    x: str
    width: str
    css: str
    hatched: bool = False
    url: str = ""
    netted: bool = False


@dataclass(frozen=True, slots=True)
class ExposureBar:
    """Exposure against its limit, with the order asked for behind it.

    :ivar total: sum of all parts, credits included
    :ivar over: what exposure and order exceed the limit by, 0 when they do not
    :ivar limit_x: place of the limit line, empty without a limit
    :ivar end_x: place where exposure and order end
    """

    segments: tuple[Segment, ...]
    legend: tuple[Segment, ...]
    total: Decimal
    limit: Decimal | None
    order: Decimal | None
    over: Decimal
    limit_x: str
    limit_after: str
    limit_at_end: bool
    over_width: str
    end_x: str

    @property
    def total_with_order(self) -> Decimal:
        """Exposure once the order is accepted."""
        return self.total + (self.order or ZERO)


_COLOURS: Final = {
    "overdue": "p-over",
    "disputed": "p-disp",
    "not_due": "p-notdue",
    "open_invoices": "p-notdue",
    "delivered_not_invoiced": "p-deliv",
    "open_orders": "p-order",
    "bills_not_matured": "p-bill",
    "discounted_not_matured": "p-bill",
    "claimed_penalties": "p-over",
    "order": "p-new",
}
_HATCHED: Final = {"p-disp", "p-new"}
# Credits are taken off these first, in this order, then off the others from the last.
_NETTED_FIRST: Final = ("not_due", "open_invoices", "overdue")


def _pct(value: Decimal) -> str:
    return f"{value:.2f}%"


def exposure_bar(
    parts: Sequence[Part], *, limit: Decimal | None = None, order: Decimal | None = None
) -> ExposureBar:
    """Lay out exposure by parts, the limit line and the order asked for.

    Negative parts (credit notes, unmatched payments, deposits) shorten what is owed, the parts not yet due
    first; the shortened part is marked ``netted``. The legend keeps every part as given.
    """
    total = sum((part["amount"] for part in parts), ZERO)
    drawn = _without_credits(parts)
    owed = sum((value for _part, value, _netted in drawn), ZERO)
    asked = max(order or ZERO, ZERO)
    scale = max(owed + asked, limit or ZERO) * _HEADROOM
    segments: list[Segment] = []
    position = Decimal(0)
    for part, value, netted in drawn:
        if value <= 0 or scale <= 0:
            continue
        segment = _segment(part, value, position, scale, netted=netted)
        segments.append(segment)
        position += Decimal(segment.width[:-1]) + _GAP
    if asked > 0:
        wish = Part(code="order", label="", amount=asked)
        segments.append(_segment(wish, asked, position, scale))
    over = max(total + asked - limit, ZERO) if limit is not None else ZERO
    limit_at = limit / scale * 100 if limit is not None and scale > 0 else Decimal(0)
    end = min((owed + asked) / scale * 100, Decimal(100)) if scale > 0 else Decimal(0)
    return ExposureBar(
        segments=tuple(segments),
        legend=tuple(_legend(part) for part in parts),
        total=total,
        limit=limit,
        order=order,
        over=over,
        limit_x="" if limit is None else _pct(limit_at),
        limit_after=_pct(limit_at + 1),
        limit_at_end=limit_at > 40,
        over_width=_pct(max(end - limit_at, Decimal(0))) if over > 0 else "",
        end_x=_pct(end),
    )


def _without_credits(parts: Sequence[Part]) -> list[tuple[Part, Decimal, bool]]:
    credit = -sum((part["amount"] for part in parts if part["amount"] < 0), ZERO)
    left = {id(part): max(part["amount"], ZERO) for part in parts}
    first = [part for code in _NETTED_FIRST for part in parts if part.get("code") == code]
    rest = [part for part in reversed(parts) if part.get("code") not in _NETTED_FIRST]
    netted: set[int] = set()
    for part in (*first, *rest):
        taken = min(credit, left[id(part)])
        if taken > 0:
            left[id(part)] -= taken
            credit -= taken
            netted.add(id(part))
    return [(part, left[id(part)], id(part) in netted) for part in parts]


def _segment(part: Part, value: Decimal, x: Decimal, scale: Decimal, *, netted: bool = False) -> Segment:
    css = part.get("css") or _COLOURS.get(part.get("code", ""), "p-notdue")
    width = max(value / scale * 100 - _GAP, _THINNEST)
    return Segment(
        code=part.get("code", ""),
        label=part.get("label", ""),
        amount=value,
        x=_pct(x),
        width=_pct(width),
        css=css,
        hatched=css in _HATCHED,
        url=part.get("url", ""),
        netted=netted,
    )


def _legend(part: Part) -> Segment:
    css = part.get("css") or (
        "p-free" if part["amount"] < 0 else _COLOURS.get(part.get("code", ""), "p-free")
    )
    return Segment(
        code=part.get("code", ""),
        label=part.get("label", ""),
        amount=part["amount"],
        x="0%",
        width="100%",
        css=css,
        hatched=css in _HATCHED,
        url=part.get("url", ""),
    )


def ageing_bar(buckets: Iterable[Part]) -> tuple[Segment, ...]:
    """Lay out the ageing of what is owed, oldest last; negative or empty buckets take no room.

    The colours ``p-a1`` … ``p-a6`` follow the order of the buckets unless a bucket names its own ``css``.
    """
    rows = list(buckets)
    scale = sum((row["amount"] for row in rows if row["amount"] > 0), ZERO)
    position = Decimal(0)
    segments = []
    for index, row in enumerate(rows):
        css = row.get("css") or f"p-a{min(index + 1, 6)}"
        width = row["amount"] / scale * 100 if scale > 0 and row["amount"] > 0 else Decimal(0)
        segments.append(
            Segment(
                code=row.get("code", ""),
                label=row.get("label", ""),
                amount=row["amount"],
                x=_pct(position),
                width=_pct(max(width - _GAP, _THINNEST)) if width else "",
                css=css,
                hatched=css in _HATCHED,
                url=row.get("url", ""),
            )
        )
        position += width
    return tuple(segments)


def share_of(value: Decimal | None, whole: Decimal | None) -> Decimal | None:
    """Return ``value / whole`` for a small bar; None when there is no whole to compare with."""
    if value is None or whole is None or whole <= 0:
        return None
    return value / whole


def bar_width(ratio: Decimal | None) -> str:
    """Return the width of a small bar for a ratio, kept between 0 and 100 percent."""
    if ratio is None:
        return "0%"
    return _pct(min(max(ratio, Decimal(0)), Decimal(1)) * 100)
