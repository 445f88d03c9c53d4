"""The mapping of a file as a form: for each column its field, how days and numbers are written, what words mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from babel.numbers import list_currencies
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import kinds
from .mapping import Mapping as FileMapping
from .mapping import mapping_of
from .models import ImportRun

DATE_FORMATS: Final = (
    "DD/MM/YYYY", "DD-MM-YYYY", "DD.MM.YYYY", "MM/DD/YYYY", "MM.DD.YYYY", "YYYY/MM/DD", "YYYYMMDD",
)  # fmt: skip
MOST_COLUMNS: Final = 200
_MOST_WORDS: Final = 40


@dataclass(frozen=True)
class Told:
    """What a file shows of itself.

    :ivar examples: column → its first values
    :ivar words: column → the different words in it, where there are few
    """

    columns: tuple[str, ...]
    examples: Mapping[str, Sequence[str]] = field(default_factory=dict)
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)


class MappingForm(forms.Form):
    """A field for each column, and what holds for the whole file."""

    date_format = forms.ChoiceField(
        label=gettext_lazy("Days are written"),
        choices=[(value, value) for value in DATE_FORMATS],
        help_text=gettext_lazy("D day, M month, Y year. ISO days (2026-11-25) are read in any case."),
    )
    decimal = forms.ChoiceField(
        label=gettext_lazy("Decimal mark"),
        choices=[("", gettext_lazy("told from each number")), (",", "1 234,56"), (".", "1,234.56")],
        required=False,
    )
    currency = forms.CharField(
        label=gettext_lazy("Currency"),
        max_length=3,
        required=False,
        help_text=gettext_lazy("Where no column has it: EUR, USD."),
    )
    negatives = forms.ChoiceField(
        label=gettext_lazy("Negative amounts"),
        choices=[("refuse", gettext_lazy("are refused")), ("credit_note", gettext_lazy("are credit notes"))],
        required=False,
    )
    name = forms.CharField(
        label=gettext_lazy("Keep under this name"),
        max_length=60,
        required=False,
        help_text=gettext_lazy("A file with the same columns is then read like this by itself."),
    )

    def __init__(self, *args: Any, kind: str, told: Told, mapping: FileMapping | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self.told = kind, told
        self.offers = kinds.offers(kind)
        read_as = (
            {column.casefold(): name for column, name in mapping.columns.items()}
            if mapping
            else {column.casefold(): name for column, name in kinds.guess(kind, told.columns).items()}
        )
        choices = [
            ("", _("not read")),
            *((offer.name, f"{offer.label} *" if offer.required else offer.label) for offer in self.offers),
        ]
        for number, column in enumerate(told.columns[:MOST_COLUMNS]):
            self.fields[f"column_{number}"] = forms.ChoiceField(
                label=column,
                choices=choices,
                required=False,
                initial=read_as.get(column.casefold(), ""),
                widget=forms.Select(attrs={"class": "form-select"}),
            )
        self._offer_words(mapping, read_as)
        if kind != ImportRun.Kind.LEDGER:
            del self.fields["negatives"]
        if mapping is not None:
            self._prefill(mapping)

    def _prefill(self, mapping: FileMapping) -> None:
        formats = self.fields["date_format"]
        assert isinstance(formats, forms.ChoiceField)
        if mapping.date_format not in DATE_FORMATS:
            formats.choices = [(mapping.date_format, mapping.date_format), *((f, f) for f in DATE_FORMATS)]
        formats.initial = mapping.date_format
        self.fields["decimal"].initial = mapping.decimal or ""
        self.fields["currency"].initial = mapping.currency
        if "negatives" in self.fields:
            self.fields["negatives"].initial = (
                "credit_note" if mapping.negatives_are_credit_notes else "refuse"
            )

    def _offer_words(self, mapping: FileMapping | None, read_as: Mapping[str, str]) -> None:
        """A choice for each word that must be told what it means: those not understood, and those told before."""
        self.word_fields: dict[str, tuple[str, str]] = {}
        known = mapping.value_maps if mapping else {}
        for number, column in enumerate(self.told.columns[:MOST_COLUMNS]):
            name = read_as.get(column.casefold(), "")
            offer = next((found for found in self.offers if found.name == name and found.words), None)
            if offer is None:
                continue
            said = known.get(name, {})
            unknown = [w for w in self.told.words.get(column, ()) if not kinds.understood(self.kind, name, w)]
            words = dict.fromkeys([*said, *(word.casefold() for word in unknown)])
            for place, word in enumerate(list(words)[:_MOST_WORDS]):
                key = f"word_{number}_{place}"
                self.word_fields[key] = (name, word)
                self.fields[key] = forms.ChoiceField(
                    label=_("“%(word)s” in “%(column)s” means") % {"word": word, "column": column},
                    choices=[("", _("nothing: such lines are refused")), *((w, w) for w in offer.words)],
                    required=False,
                    initial=said.get(word, ""),
                )

    def rows(self) -> Iterator[tuple[Any, Sequence[str]]]:
        """Each column's field with the first values of the column."""
        for number, column in enumerate(self.told.columns[:MOST_COLUMNS]):
            yield self[f"column_{number}"], self.told.examples.get(column, ())

    def word_rows(self) -> list[Any]:
        """The fields that ask what words mean."""
        return [self[key] for key in self.word_fields]

    def clean_currency(self) -> str:
        """Return the code in capitals."""
        code = str(self.cleaned_data["currency"]).strip().upper()
        if code and code not in list_currencies():
            raise forms.ValidationError(_("“%(code)s” is not a currency: write EUR, USD, …") % {"code": code})
        return code

    def clean(self) -> dict[str, Any]:
        """Ask for every field that is needed, each once."""
        cleaned = super().clean() or {}
        chosen = [cleaned.get(f"column_{n}") for n in range(len(self.told.columns[:MOST_COLUMNS]))]
        named = {offer.name: offer for offer in self.offers}
        for number, name in enumerate(chosen):
            if name and chosen.index(name) < number:
                self.add_error(
                    f"column_{number}",
                    _("“%(field)s” is read from another column already.") % {"field": named[name].label},
                )
        missing = [offer.label for offer in self.offers if offer.required and offer.name not in chosen]
        if missing:
            self.add_error(None, _("No column is read as: %(fields)s.") % {"fields": ", ".join(missing)})
        if (
            kinds.shape_of(self.kind).needs_currency
            and "currency" not in chosen
            and not cleaned.get("currency")
        ):
            self.add_error("currency", _("Give the currency: no column has it."))
        return cleaned

    def mapping_text(self) -> str:
        """The mapping as TOML."""
        asked = self.cleaned_data
        columns = {
            column: asked[f"column_{number}"]
            for number, column in enumerate(self.told.columns[:MOST_COLUMNS])
            if asked.get(f"column_{number}")
        }
        maps: dict[str, dict[str, str]] = {}
        for key, (name, word) in self.word_fields.items():
            if asked.get(key) and name in columns.values():
                maps.setdefault(name, {})[word] = asked[key]
        return mapping_of(
            columns,
            label=asked["name"],
            values={
                name: asked.get(name) or "" for name in ("date_format", "decimal", "currency", "negatives")
            },
            value_maps=maps,
        )
