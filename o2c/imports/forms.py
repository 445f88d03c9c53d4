"""What is asked for when a file is brought in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Company, User
from o2c.shared.fields import DateField

from . import kinds
from .mapping import shipped_mappings
from .models import ImportRun, SavedMapping

OWN, AUTO, SAVED = "own", "auto", "saved:"
_LARGEST_FILE = 200 * 1024 * 1024
_LARGEST_MAPPING = 100 * 1024


class UploadForm(forms.Form):
    """A file, how its columns are read, and the day the book is taken over at."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("CSV of any separator, or XLSX. The first line names the columns."),
        widget=forms.FileInput(attrs={"class": "form-control", "accept": ".csv,.txt,.tsv,.xlsx,.xls"}),
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("What is in it"),
        choices=ImportRun.Kind.choices,
    )
    company = forms.CharField(label=gettext_lazy("Company"), max_length=20)
    mapping = forms.ChoiceField(label=gettext_lazy("How its columns are read"))
    mapping_file = forms.FileField(
        label=gettext_lazy("Your own mapping"),
        required=False,
        help_text=gettext_lazy("A TOML file, only for “a mapping of my own”."),
        widget=forms.FileInput(attrs={"class": "form-control", "accept": ".toml,.txt"}),
    )
    as_of = DateField(
        label=gettext_lazy("Book as of"),
        required=False,
        prefer="past",
        help_text=gettext_lazy(
            "For a ledger: the book as it stood at the end of this day; today when left empty."
        ),
    )

    def __init__(self, *args: Any, user: User, company: Company | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mapping = self.fields["mapping"]
        assert isinstance(mapping, forms.ChoiceField)
        self.saved = {
            f"{SAVED}{kept.pk}": kept
            for kept in SavedMapping.objects.visible_to(user)
            .select_related("company")
            .order_by("kind", "name")
        }
        mapping.choices = [
            (AUTO, _("told by the names of its columns")),
            *((value, self._named(kept)) for value, kept in self.saved.items()),
            *shipped_mappings().items(),
            (OWN, _("a mapping of my own (TOML)")),
        ]
        kind = self.fields["kind"]
        assert isinstance(kind, forms.ChoiceField)
        kind.choices = kinds.allowed(user, company)
        self.fields["company"].initial = company.code if company else ""
        if user.company_ids() is not None:
            allowed = Company.objects.filter(pk__in=user.company_ids() or []).order_by("name")
            choices = [(row.code, row.name) for row in allowed if user.may("imports.run", row)]
            self.fields["company"] = forms.ChoiceField(
                label=gettext_lazy("Company"), choices=choices, initial=company.code if company else None
            )
        else:
            self.fields["company"].help_text = _("A code nobody uses yet makes a new company.")

    @staticmethod
    def _named(kept: SavedMapping) -> str:
        return f"{kept.get_kind_display()} · {kept.name} ({kept.company.code})"

    def clean_company(self) -> str:
        """Return the code in capitals, as codes are written."""
        return str(self.cleaned_data["company"]).strip().upper()

    def clean_file(self) -> UploadedFile:
        """Refuse what no ledger is as large as."""
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > _LARGEST_FILE:
            raise ValidationError(_("This file is larger than 200 MB: cut it into parts."))
        return file

    def clean(self) -> dict[str, Any]:
        """Ask for the mapping's file where it is the reader's own."""
        cleaned = super().clean() or {}
        given = cleaned.get("mapping_file")
        if cleaned.get("mapping") == OWN and not given and "mapping_file" not in self.errors:
            self.add_error("mapping_file", _("Choose the TOML file of your mapping."))
        kept = self.saved.get(cleaned.get("mapping", ""))
        kind = cleaned.get("kind")
        if kept is not None and (kept.kind != kind or kept.company.code != cleaned.get("company")):
            self.add_error("mapping", _("This mapping is for another kind of file, or another company."))
        if kind not in {None, ImportRun.Kind.LEDGER} and cleaned.get("mapping") in shipped_mappings():
            self.add_error("mapping", _("This mapping reads a ledger."))
        if given and (given.size or 0) > _LARGEST_MAPPING:
            self.add_error("mapping_file", _("This is no mapping: it is too large."))
        return cleaned

    def mapping_text(self) -> str:
        """The reader's own mapping as text; empty for one that comes with the portal."""
        file = self.cleaned_data.get("mapping_file")
        if self.cleaned_data.get("mapping") != OWN or file is None:
            return ""
        try:
            text: str = file.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ValidationError({"mapping_file": _("This file is not UTF-8 text.")}) from error
        return text
