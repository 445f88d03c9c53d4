"""Authority and thresholds in plain words, in the language in force."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from o2c.shared import formats

from .authority import release_bound, role_label
from .models import DelegationRule
from .policy import Mandate, Thresholds
from .rule_policy import Authority


@dataclass(frozen=True)
class Said:
    """What a level may decide alone, each in a few words and all of it in a sentence."""

    role: str
    release: str
    limit: str
    write_off: str
    sentence: str


def say_authority(rule: Authority | DelegationRule, currency: str) -> Said:
    """What a level may decide alone."""
    role = str(role_label(rule.role))
    mandate = Mandate(rule.level, rule.role, rule.release_amount, rule.release_pct, rule.release_with_overdue)
    release = _("nothing") if rule.release_amount == 0 else release_bound(mandate, currency)
    limit, write_off = _bound(rule.limit_amount, currency), _bound(rule.write_off_amount, currency)
    sentence = _("%(role)s, alone: releases orders: %(release)s; limits: %(limit)s; credit notes: %(credit)s.") % {
        "role": role,
        "release": release,
        "limit": limit,
        "credit": write_off,
    }  # fmt: skip
    return Said(role, release, limit, write_off, sentence)


def say_thresholds(allowed: Thresholds, currency: str) -> list[str]:
    """What a class is allowed, sentence by sentence."""
    language = get_language() or "fr"
    money, days = _money(currency), lambda value: formats.days_in_words(value, language)
    tolerance = (
        _("No tolerance: an order over the limit is held.")
        if allowed.tolerance_pct == 0 or allowed.tolerance_amount == 0
        else _("An order may exceed the limit by %(share)s, at most by %(amount)s; the lower of both, once.")
        % {"share": _share(allowed.tolerance_pct), "amount": money(allowed.tolerance_amount)}
    )
    return [
        _("Held when more than %(amount)s is late by more than %(days)s, disputes aside.")
        % {"amount": money(allowed.overdue_floor), "days": days(allowed.overdue_days)},
        _("Held when what is late by more than %(days)s exceeds %(share)s of the exposure or %(amount)s.")
        % {
            "days": days(allowed.grace_days),
            "share": _share(allowed.overdue_pct),
            "amount": money(allowed.overdue_cap),
        },
        _("Held when disputes exceed %(share)s of the exposure.") % {"share": _share(allowed.dispute_pct)},
        tolerance,
        _("Remarked when it is more than %(factor)s times the mean of twelve months, from %(orders)s orders on.")
        % {"factor": _number(allowed.unusual_factor), "orders": allowed.unusual_min_orders},
        _("Remarked when the account is younger than %(days)s and has paid nothing yet.")
        % {"days": days(allowed.new_account_days)},
    ]  # fmt: skip


def _bound(amount: Decimal | None, currency: str) -> str:
    if amount is None:
        return _("whatever the amount")
    if amount == 0:
        return _("nothing")
    return _("up to %(amount)s") % {"amount": _money(currency)(amount)}


def _money(currency: str) -> Any:
    return lambda amount: formats.money_round(amount, get_language() or "fr", currency)


def _share(value: Decimal) -> str:
    decimals = 0 if value == value.to_integral_value() else 2
    return formats.percent(value / 100, get_language() or "fr", decimals=decimals)


def _number(value: Decimal) -> str:
    decimals = 0 if value == value.to_integral_value() else 2
    return formats.number(value, get_language() or "fr", decimals=decimals)
