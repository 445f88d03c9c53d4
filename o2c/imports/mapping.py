"""How the columns of a file become fields: a mapping, written as TOML.

::

    label = "What people choose it by"
    [file]                      # only where it is not plain from the file
    delimiter = ";"
    [values]
    currency = "EUR"            # when no column has it
    country = "FR"              # of new clients
    term = "NET30"              # of new clients, when no column has it
    date_format = "DD/MM/YYYY"  # any order of DD, MM and YYYY; ISO dates are read in any case
    decimal = ","               # left out: told from each number
    negatives = "refuse"        # or "credit_note"
    [columns]                   # column of the file = field
    "N° client" = "customer_code"
    [value_maps.disputed]       # word in the file = its meaning
    Oui = "yes"
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from babel.numbers import list_currencies
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.policy import UnknownTerm, parse_term
from o2c.shared.problems import Invalid, NotFound

SHIPPED: Final = Path(__file__).resolve().parent / "mappings"


@dataclass(frozen=True)
class Shape:
    """What a mapping of one kind of file may name.

    :ivar required: fields without which the file says nothing
    :ivar fields: all of them, in the order people read them
    :ivar meanings: field → the words its values may mean, where it has few
    :ivar needs_currency: whether an amount is nothing without a currency, by a column or for the whole file
    """

    required: tuple[str, ...]
    fields: tuple[str, ...]
    meanings: Dictionary[str, frozenset[str]] = field(default_factory=dict)
    needs_currency: bool = False


_REQUIRED: Final = ("customer_code", "number", "issue_date", "due_date", "amount")
FIELDS: Final = (
    *_REQUIRED,
    "customer_name",
    "siren",
    "country",
    "term",
    "currency",
    "settled_on",
    "disputed",  # yes or no: the whole document
    "disputed_amount",
    "customer_reference",
)
_SECTIONS: Final = {
    "file": {"delimiter", "encoding"},
    "values": {"currency", "country", "term", "date_format", "decimal", "negatives"},
}
_TOP: Final = {"label", "columns", "value_maps", *_SECTIONS}
LEDGER: Final = Shape(_REQUIRED, FIELDS, {"disputed": frozenset({"yes", "no"})}, needs_currency=True)
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]*")


class UnreadableMapping(Invalid):
    code = "unreadable_mapping"
    message = _("This mapping cannot be used.")


@dataclass(frozen=True)
class Mapping:
    """A mapping as read.

    :ivar columns: column of the file → field
    :ivar negatives_are_credit_notes: else a negative amount is refused
    :ivar value_maps: field → word in the file, in lower case → meaning
    """

    columns: Dictionary[str, str]
    label: str = ""
    delimiter: str = ""
    encoding: str = ""
    currency: str = ""
    country: str = "FR"
    term: str = "NET30"
    date_format: str = "DD/MM/YYYY"
    decimal: str | None = None
    negatives_are_credit_notes: bool = False
    value_maps: Dictionary[str, Dictionary[str, str]] = field(default_factory=dict)


def shipped_mappings() -> dict[str, str]:
    """The mappings that come with the portal: name → label."""
    return {
        path.stem: parse_mapping(path.read_text("utf-8")).label for path in sorted(SHIPPED.glob("*.toml"))
    }


def mapping_text(name_or_path: str) -> str:
    """The text of a mapping that comes with the portal, or of a file.

    :raises NotFound: neither exists
    """
    shipped = SHIPPED / f"{name_or_path}.toml"
    path = shipped if _NAME.fullmatch(name_or_path) and shipped.is_file() else Path(name_or_path)
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        known = ", ".join(sorted(p.stem for p in SHIPPED.glob("*.toml")))
        raise NotFound(
            _("There is no mapping “%(name)s”: give a file or one of %(known)s.")
            % {"name": name_or_path, "known": known}
        ) from error
    except UnicodeDecodeError as error:
        raise UnreadableMapping(_("The mapping “%(name)s” is not UTF-8.") % {"name": name_or_path}) from error


def parse_mapping(text: str, shape: Shape = LEDGER) -> Mapping:
    """Read a mapping of one kind of file.

    :raises UnreadableMapping: with everything that is wrong with it, under ``mapping``
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UnreadableMapping(errors={"mapping": [f"TOML: {error}"]}) from error
    problems = [
        *_unknown_keys(table),
        *_column_problems(table.get("columns"), shape),
        *_value_problems(table, shape),
    ]
    if problems:
        raise UnreadableMapping(errors={"mapping": problems})
    values, file = table.get("values", {}), table.get("file", {})
    return Mapping(
        columns={str(column).strip(): name for column, name in table["columns"].items()},
        label=str(table.get("label", "")),
        delimiter=file.get("delimiter", ""),
        encoding=file.get("encoding", ""),
        currency=values.get("currency", ""),
        country=values.get("country", "FR"),
        term=values.get("term", "NET30"),
        date_format=values.get("date_format", "DD/MM/YYYY"),
        decimal=values.get("decimal"),
        negatives_are_credit_notes=values.get("negatives", "refuse") == "credit_note",
        value_maps={
            name: {str(word).strip().casefold(): meaning for word, meaning in words.items()}
            for name, words in table.get("value_maps", {}).items()
        },
    )


def mapping_of(
    columns: Dictionary[str, str],
    *,
    label: str = "",
    values: Dictionary[str, str] | None = None,
    value_maps: Dictionary[str, Dictionary[str, str]] | None = None,
) -> str:
    """Write a mapping as text, as ``parse_mapping`` reads it.

    :param values: entries of ``[values]``; empty ones are left out
    """
    lines = [f"label = {_quoted(label)}", "", "[values]"]
    lines += [f"{key} = {_quoted(value)}" for key, value in (values or {}).items() if value]
    lines += ["", "[columns]", *(f"{_quoted(column)} = {_quoted(name)}" for column, name in columns.items())]
    for name, words in (value_maps or {}).items():
        lines += ["", f"[value_maps.{name}]"]
        lines += [f"{_quoted(word)} = {_quoted(meaning)}" for word, meaning in words.items()]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A TOML string: JSON's rules are TOML's, but for one sign."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


Problems = list[str | Promise]


def _unknown_keys(table: dict[str, Any]) -> Problems:
    problems: Problems = [
        _("“%(key)s” means nothing here: use %(known)s.") % {"key": key, "known": ", ".join(sorted(_TOP))}
        for key in table
        if key not in _TOP
    ]
    for section, known in _SECTIONS.items():
        given = table.get(section, {})
        if not isinstance(given, dict):
            problems.append(_("[%(section)s] must be a table.") % {"section": section})
            table[section] = {}
            continue
        problems += [
            _("“%(key)s” means nothing here: use %(known)s.")
            % {"key": f"{section}.{key}", "known": ", ".join(sorted(known))}
            for key in given
            if key not in known
        ]
    return problems


def _column_problems(columns: Any, shape: Shape) -> Problems:
    if not isinstance(columns, dict) or not columns:
        return [_("[columns] is missing: it names the field of each column.")]
    problems: Problems = [
        _("Column “%(column)s”: “%(field)s” is no field, use one of %(known)s.")
        % {"column": column, "field": name, "known": ", ".join(shape.fields)}
        for column, name in columns.items()
        if name not in shape.fields
    ]
    named = [name for name in columns.values() if isinstance(name, str)]
    problems += [
        _("Two columns are read as “%(field)s”.") % {"field": name}
        for name in sorted(set(named))
        if named.count(name) > 1
    ]
    problems += [
        _("No column is read as “%(field)s”.") % {"field": name}
        for name in shape.required
        if name not in named
    ]
    return problems


def _value_problems(table: dict[str, Any], shape: Shape) -> Problems:
    values, problems = table.get("values", {}), Problems()
    columns = table.get("columns")
    named = list(columns.values()) if isinstance(columns, dict) else []
    unwritten = [
        f"{section}.{key}"
        for section in _SECTIONS
        for key, value in table.get(section, {}).items()
        if not isinstance(value, str)
    ]
    if unwritten:
        return [_("“%(key)s” must be text, in quotes.") % {"key": key} for key in unwritten]
    if len(table.get("file", {}).get("delimiter", "")) > 1:
        problems.append(_("delimiter is one sign, such as “;”."))
    currency = values.get("currency", "")
    if currency and currency not in list_currencies():
        problems.append(_("“%(code)s” is not a currency: write EUR, USD, …") % {"code": currency})
    if shape.needs_currency and not currency and "currency" not in named:
        problems.append(_("Give the currency, by a column or under [values]."))
    tokens = sorted(re.findall(r"DD|MM|YYYY", values.get("date_format", "DD/MM/YYYY")))
    if tokens != ["DD", "MM", "YYYY"]:
        problems.append(_("date_format is written with DD, MM and YYYY, such as DD/MM/YYYY."))
    if values.get("decimal", ",") not in {",", "."}:
        problems.append(_("decimal is “,” or “.”."))
    if values.get("negatives", "refuse") not in {"refuse", "credit_note"}:
        problems.append(_("negatives is “refuse” or “credit_note”."))
    try:
        parse_term(values.get("term", "NET30"))
    except UnknownTerm as error:
        problems.append(str(error))
    maps = table.get("value_maps", {})
    if not isinstance(maps, dict):
        return [*problems, _("[%(section)s] must be a table.") % {"section": "value_maps"}]
    for name, words in maps.items():
        if name not in shape.fields or not isinstance(words, dict):
            problems.append(_("[value_maps.%(field)s] is for no field.") % {"field": name})
            continue
        meanings = shape.meanings.get(name)
        problems += [
            _("[value_maps.%(field)s]: “%(meaning)s” is not one of %(known)s.")
            % {"field": name, "meaning": meaning, "known": ", ".join(sorted(meanings or ()))}
            for meaning in words.values()
            if not isinstance(meaning, str) or (meanings and meaning not in meanings)
        ]
    return problems
