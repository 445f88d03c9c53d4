"""The settings the written policy names, as they are now and in words: the text and the setting cannot disagree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from django.db.models import F
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext
from django.utils.translation import gettext as _

from accounts.models import Company
from o2c.shared import formats
from o2c.shared.audit import plain

from ..authority import release_bound, role_label
from ..horizon_models import OrderHorizon
from ..models import DelegationRule, RiskPolicy
from ..policy import DATED_THRESHOLDS, Mandate
from ..rule_queries import delegation_of, thresholds_of
from ..switch_models import ExposureSwitch, SwitchedPart
from ..switches import counts

Text = str | Promise
# Settings by class that count from the moment they are changed, beside those that change from a day on.
_BY_CLASS: Final = ("evidence_required", "limit_cap", "review_months")

# What each placeholder stands for, as whoever writes the text is told.
NAMES: Final[dict[str, Text]] = {
    "overdue_days": gettext_lazy("days late that are tolerated, by class"),
    "overdue_floor": gettext_lazy("amount late that is tolerated"),
    "grace_days": gettext_lazy("days late from which the overdue amount counts"),
    "overdue_pct": gettext_lazy("share of the exposure that may be overdue"),
    "overdue_cap": gettext_lazy("amount that may be overdue"),
    "dispute_pct": gettext_lazy("share of the exposure that may be in dispute"),
    "tolerance_pct": gettext_lazy("tolerance, as a share of the limit"),
    "tolerance_amount": gettext_lazy("tolerance, as an amount"),
    "unusual_factor": gettext_lazy("times the mean order from which one is unusual"),
    "unusual_min_orders": gettext_lazy("orders from which there is a mean"),
    "new_account_days": gettext_lazy("days for which an account is new"),
    "evidence_required": gettext_lazy("classes whose orders need evidence"),
    "limit_cap": gettext_lazy("cap of what is suggested, by class"),
    "review_months": gettext_lazy("months until a limit is reviewed, by class"),
    "release_levels": gettext_lazy("who releases up to how much"),
    "limit_levels": gettext_lazy("who grants limits up to how much"),
    "write_off_levels": gettext_lazy("who grants credit notes up to how much"),
    "production_check": gettext_lazy("whether orders are checked before production"),
    "smaller_passes": gettext_lazy("whether a later, smaller order may pass"),
    "follows_score": gettext_lazy("whether classes follow the score"),
    "left_out": gettext_lazy("parts that do not count in the exposure"),
    "order_horizon": gettext_lazy("confirmed orders that count, by their delivery"),
}


@dataclass(frozen=True)
class Setting:
    """Settings shown beside an article: their placeholders, and the page that changes them where there is one."""

    label: Text
    names: tuple[str, ...]
    page: str = ""


SETTINGS: Final[Mapping[str, Setting]] = {
    "limit_caps": Setting(gettext_lazy("Caps by class"), ("limit_cap",), "credit:limit_rules"),
    "reviews": Setting(gettext_lazy("Months between reviews"), ("review_months",), "credit:limit_rules"),
    "classes": Setting(gettext_lazy("Risk classes"), ("follows_score",), "credit:rating_rules"),
    "exposure": Setting(
        gettext_lazy("What counts in the exposure"), ("left_out", "order_horizon"), "credit:exposure_rules"
    ),
    "tolerance": Setting(
        gettext_lazy("Tolerance"), ("tolerance_pct", "tolerance_amount"), "credit:thresholds"
    ),
    "overdue": Setting(
        gettext_lazy("Late payment"),
        ("overdue_days", "overdue_floor", "grace_days", "overdue_pct", "overdue_cap"),
        "credit:thresholds",
    ),
    "disputes": Setting(gettext_lazy("Open disputes"), ("dispute_pct",), "credit:thresholds"),
    "unusual": Setting(
        gettext_lazy("Remarks"),
        ("unusual_factor", "unusual_min_orders", "new_account_days"),
        "credit:thresholds",
    ),
    "evidence": Setting(gettext_lazy("Evidence of the order"), ("evidence_required",), "orders:rules"),
    "production": Setting(gettext_lazy("Before production"), ("production_check",), "orders:rules"),
    "smaller": Setting(gettext_lazy("Smaller orders"), ("smaller_passes",)),
    "releases": Setting(gettext_lazy("Authority to release"), ("release_levels",), "credit:authority"),
    "limits": Setting(gettext_lazy("Authority over limits"), ("limit_levels",), "credit:authority"),
    "write_offs": Setting(
        gettext_lazy("Authority over credit notes"), ("write_off_levels",), "credit:authority"
    ),
}


@dataclass(frozen=True)
class Line:
    """One setting beside an article: what it is, what it says today, and what it said at publication if otherwise."""

    label: Text
    today: str
    at_publication: str | None = None


class Live:
    """The settings of a company as they are now."""

    def __init__(self, company: Company) -> None:
        self.company = company

    @cached_property
    def values(self) -> Mapping[str, Any]:
        """Every placeholder with its plain value, read in six statements."""
        rows = RiskPolicy.objects.filter(company=self.company) | RiskPolicy.objects.filter(company=None)
        found: dict[str, RiskPolicy] = {}
        # The company's own row comes last and wins.
        for row in rows.order_by("risk_class", F("company").asc(nulls_first=True)):
            found[row.risk_class] = row
        by_class: dict[str, Any] = {
            name: {code: getattr(row, name) for code, row in found.items()} for name in _BY_CLASS
        }
        today = timezone.localdate()
        allowed = thresholds_of(self.company, today)
        by_class |= {
            name: {code: getattr(row.values, name) for code, row in allowed.items()}
            for name in DATED_THRESHOLDS
        }
        matrix = delegation_of(self.company.pk, today)
        return by_class | {
            "release_levels": [_release(rule) for rule in matrix],
            "limit_levels": [[rule.role, rule.limit_amount] for rule in matrix],
            "write_off_levels": [[rule.role, rule.write_off_amount] for rule in matrix],
            "production_check": self.company.checks_before_production,
            "smaller_passes": self.company.smaller_order_may_pass,
            "follows_score": self.company.class_follows_score,
            "left_out": self._left_out(),
            "order_horizon": self._horizon(),
        }

    def _left_out(self) -> list[str]:
        rows = ExposureSwitch.objects.filter(company=self.company, effective_to=None)
        turned = set(rows.values_list("part", flat=True))
        return [part for part in SwitchedPart.values if not counts(part, turned)]

    def _horizon(self) -> int | str:
        row = OrderHorizon.objects.filter(company=self.company, effective_to=None).first()
        return "all" if row is None else row.days

    def as_stored(self) -> dict[str, Any]:
        """The values as a published version keeps them."""
        stored: dict[str, Any] = plain(self.values)
        return stored

    def words(self, name: str) -> str | None:
        """What a placeholder says today, in the language in force; None for one that does not exist."""
        return in_words(name, self.values.get(name), self.company.currency)

    def lines(self, setting: str, kept: Mapping[str, Any]) -> list[Line]:
        """The settings beside an article; ``kept`` is what the version stored at publication."""
        found = SETTINGS.get(setting)
        if found is None:
            return []
        return [self._line(name, kept) for name in found.names]

    def _line(self, name: str, kept: Mapping[str, Any]) -> Line:
        today = self.words(name) or ""
        then = in_words(name, kept[name], self.company.currency) if name in kept else None
        return Line(NAMES[name], today, None if then == today else then)


def in_words(name: str, value: Any, currency: str) -> str | None:
    """What a setting says, in the language in force; from the row itself or as a version keeps it."""
    if name not in NAMES or value is None:
        return None
    render = _RENDERED.get(name)
    return render(value, currency) if render else _yes(name, value)


def _release(rule: DelegationRule) -> list[Any]:
    return [rule.role, rule.release_amount, rule.release_pct, rule.release_with_overdue]


def _language() -> str:
    return get_language() or "fr"


def _by_class(value: Mapping[str, Any], say: Callable[[Any], str]) -> str:
    """``30 days (class A), 20 days (class B)``; one word for all where all are alike."""
    said: dict[str, list[str]] = {}
    for code in sorted(value):
        said.setdefault(say(value[code]), []).append(code)
    if len(said) == 1:
        return next(iter(said))
    return ", ".join(
        ngettext("%(what)s (class %(classes)s)", "%(what)s (classes %(classes)s)", len(codes))
        % {"what": what, "classes": ", ".join(codes)}
        for what, codes in said.items()
    )


def _days(value: Any) -> str:
    return formats.days_in_words(int(value), _language())


def _months(value: Any) -> str:
    return ngettext("%(n)s month", "%(n)s months", int(value)) % {"n": value}


def _share(value: Any) -> str:
    share = Decimal(str(value))
    decimals = 0 if share == share.to_integral_value() else 1
    return formats.percent(share / 100, _language(), decimals=decimals)


def _number(value: Any) -> str:
    number = Decimal(str(value))
    return formats.number(number, _language(), decimals=0 if number == number.to_integral_value() else 1)


def _money(value: Any, currency: str) -> str:
    return formats.money_round(Decimal(str(value)), _language(), currency)


def _cap(value: Any, currency: str) -> str:
    return _("no cap") if value is None else _money(value, currency)


def _evidence(value: Mapping[str, bool], currency: str) -> str:
    asked = [code for code in sorted(value) if value[code]]
    if not asked:
        return _("in no class")
    return ngettext("in class %(classes)s", "in classes %(classes)s", len(asked)) % {
        "classes": ", ".join(asked)
    }


def _parts(value: Sequence[str], currency: str) -> str:
    """The parts named in a row; a word where all of them count."""
    labels = dict(SwitchedPart.choices)
    return ", ".join(str(labels[code]).lower() for code in value) or pgettext("exposure", "nothing")


def _horizon(value: Any, currency: str) -> str:
    """Which confirmed orders count: all of them, or those to be delivered within so many days."""
    if value == "all":
        return _("whenever they are to be delivered")
    return _("if they are to be delivered within %(days)s") % {"days": _days(value)}


def _releases(value: Sequence[Sequence[Any]], currency: str) -> str:
    said = []
    for level, (role, amount, share, late) in enumerate(value, 1):
        bound = Mandate(level, role, _decimal(amount), _decimal(share), late)
        said.append(f"{role_label(role)} {release_bound(bound, currency)}")
    return " · ".join(said)


def _bounds(value: Sequence[Sequence[Any]], currency: str) -> str:
    said = []
    for role, stored in value:
        amount = _decimal(stored)
        if amount == 0:
            continue
        bound = (
            _("whatever the amount")
            if amount is None
            else _("up to %(amount)s") % {"amount": _money(amount, currency)}
        )
        said.append(f"{role_label(role)} {bound}")
    return " · ".join(said)


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _yes(name: str, value: bool) -> str:
    if name == "smaller_passes":
        return _("yes, where it fits") if value else _("no, the oldest goes first")
    return _("yes") if value else _("no")


_RENDERED: Final[Mapping[str, Callable[[Any, str], str]]] = {
    "overdue_days": lambda value, currency: _by_class(value, _days),
    "grace_days": lambda value, currency: _by_class(value, _days),
    "new_account_days": lambda value, currency: _by_class(value, _days),
    "review_months": lambda value, currency: _by_class(value, _months),
    "overdue_floor": lambda value, currency: _by_class(value, lambda one: _money(one, currency)),
    "overdue_cap": lambda value, currency: _by_class(value, lambda one: _money(one, currency)),
    "tolerance_amount": lambda value, currency: _by_class(value, lambda one: _money(one, currency)),
    "limit_cap": lambda value, currency: _by_class(value, lambda one: _cap(one, currency)),
    "overdue_pct": lambda value, currency: _by_class(value, _share),
    "dispute_pct": lambda value, currency: _by_class(value, _share),
    "tolerance_pct": lambda value, currency: _by_class(value, _share),
    "unusual_factor": lambda value, currency: _by_class(value, _number),
    "unusual_min_orders": lambda value, currency: _by_class(value, _number),
    "evidence_required": _evidence,
    "left_out": _parts,
    "order_horizon": _horizon,
    "release_levels": _releases,
    "limit_levels": _bounds,
    "write_off_levels": _bounds,
}
