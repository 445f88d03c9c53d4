"""Which payment the bank took back: told by what the movement and the payment have in common."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from accounts.enums import PaymentMethod
from o2c.shared.text import search_key


class ReturnHint(StrEnum):
    """Why a payment is thought to be the one, surest first."""

    REFERENCE = "reference"
    IBAN = "iban"
    NAME = "name"
    METHOD = "method"


_SUREST_FIRST: Final = tuple(ReturnHint)
_WORD: Final = re.compile(r"[a-z0-9]{3,}")
# Says nothing of who somebody is.
_FORMS: Final = frozenset(
    {"sarl", "sas", "sasu", "eurl", "snc", "ste", "societe", "the", "ltd", "gmbh", "sepa"}
)


@dataclass(frozen=True, slots=True)
class Taken:
    """A movement that takes money back."""

    references: frozenset[str]
    iban: str
    text: str
    method: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A payment of the amount taken back, not returned yet."""

    payment_id: int
    references: frozenset[str]
    iban: str
    names: tuple[str, ...]
    method: str


def returned_payment(taken: Taken, candidates: Iterable[Candidate]) -> tuple[int, ReturnHint] | None:
    """The one payment that fits best, with why; None when none fits or several fit as well."""
    by_hint: dict[ReturnHint, list[int]] = {}
    for candidate in candidates:
        hint = _hint(taken, candidate)
        if hint is not None:
            by_hint.setdefault(hint, []).append(candidate.payment_id)
    for hint in _SUREST_FIRST:
        if fitting := by_hint.get(hint):
            return (fitting[0], hint) if len(fitting) == 1 else None
    return None


def _hint(taken: Taken, candidate: Candidate) -> ReturnHint | None:
    if taken.references & candidate.references:
        return ReturnHint.REFERENCE
    if taken.iban and taken.iban == candidate.iban:
        return ReturnHint.IBAN
    said = frozenset(_words(taken.text))
    if any(words and words <= said for words in map(_words, candidate.names)):
        return ReturnHint.NAME
    # What clients send by themselves seldom comes back: the amount alone says too little there.
    if _kind(taken.method) == _kind(candidate.method) != PaymentMethod.TRANSFER:
        return ReturnHint.METHOD
    return None


def _kind(method: str) -> str:
    """The method as a bank names it when it takes money back: few say under which scheme a debit was drawn."""
    return PaymentMethod.DIRECT_DEBIT if method == PaymentMethod.SDD_B2B else method


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(search_key(text))) - _FORMS
