"""All kinds of files in one manner, the ledger among them: shape, names of columns, labels, who may bring them in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.models import Company, User

from . import ledger_names
from .mapping import LEDGER, SHIPPED, Shape, parse_mapping
from .models import ImportRun, SavedMapping
from .resources import KINDS
from .resources.base import ChoiceWidget, plain_words


@dataclass(frozen=True)
class FieldOffer:
    """A field as the mapping page offers it.

    :ivar words: code → label where the field has few values
    """

    name: str
    label: str
    required: bool
    words: tuple[str, ...] = ()


def shape_of(kind: str) -> Shape:
    """What a mapping of a kind may name."""
    return LEDGER if kind == ImportRun.Kind.LEDGER else KINDS[kind].shape()


def offers(kind: str) -> list[FieldOffer]:
    """The fields of a kind, those that are needed first."""
    shape = shape_of(kind)
    labels = label_of(kind)
    found = [
        FieldOffer(
            name, str(labels[name]), name in shape.required, tuple(sorted(shape.meanings.get(name, ())))
        )
        for name in shape.fields
    ]
    return sorted(found, key=lambda offer: not offer.required)


def label_of(kind: str) -> Mapping[str, Any]:
    """Fields as people read them."""
    if kind == ImportRun.Kind.LEDGER:
        return ledger_names.LABELS
    return {name: found.label for name, found in KINDS[kind].fields.items()}


def guess(kind: str, columns: Sequence[str]) -> dict[str, str]:
    """The field of each column whose name says it."""
    if kind != ImportRun.Kind.LEDGER:
        return KINDS[kind].guess(columns)
    known: dict[str, str] = {}
    for name in LEDGER.fields:
        for word in (name, str(ledger_names.LABELS[name]), *ledger_names.NAMES.get(name, ())):
            known.setdefault(plain_words(word), name)
    guessed: dict[str, str] = {}
    for column in columns:
        found = known.get(plain_words(column))
        if found is not None and found not in guessed.values():
            guessed[column] = found
    return guessed


def chosen_by_itself(kind: str, company: Company | None, columns: Sequence[str]) -> tuple[str, str] | None:
    """Name and text of the mapping that fits the columns of a file: a saved one first, then a shipped one."""
    wanted = sorted(column.casefold() for column in columns)
    saved = SavedMapping.objects.filter(company=company, kind=kind).order_by("-updated_at") if company else ()
    for kept in saved:
        if sorted(str(column).casefold() for column in kept.headers) == wanted:
            return kept.name, kept.text
    if kind == ImportRun.Kind.LEDGER:
        for path in sorted(SHIPPED.glob("*.toml")):
            text = path.read_text("utf-8")
            if {column.casefold() for column in parse_mapping(text).columns} <= set(wanted):
                return path.stem, text
    return None


def understood(kind: str, name: str, text: str) -> bool:
    """Whether a word of the file is understood without being told what it means."""
    if kind == ImportRun.Kind.LEDGER:
        return text.casefold() in {"yes", "no", "oui", "non"}
    widget = KINDS[kind].fields[name].widget
    return not isinstance(widget, ChoiceWidget) or plain_words(text[:60]) in widget.words


def allowed(user: User, company: Company | None) -> list[tuple[str, str]]:
    """The kinds this person may bring in, as choices: each asks for the right to do the same by hand."""
    return [
        (code, str(label))
        for code, label in ImportRun.Kind.choices
        if code == ImportRun.Kind.LEDGER or user.may(KINDS[code].permission, company)
    ]


def columns_of(table_columns: Iterable[str]) -> list[str]:
    """The columns of a file that have a name, each once."""
    return list(dict.fromkeys(column for column in table_columns if column))
