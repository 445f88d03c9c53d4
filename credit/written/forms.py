"""Forms of the written policy: an article in two languages, and the publication."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from o2c.shared.fields import DateField

from .values import SETTINGS


def _box(rows: int) -> forms.Textarea:
    return forms.Textarea({"rows": rows})


class ArticleForm(forms.Form):
    """What an article says, and the edition it was read in."""

    title_fr = forms.CharField(label=gettext_lazy("Title in French"), max_length=160)
    title_en = forms.CharField(label=gettext_lazy("Title in English"), max_length=160)
    text_fr = forms.CharField(label=gettext_lazy("Rule in French"), widget=_box(9))
    text_en = forms.CharField(label=gettext_lazy("Rule in English"), widget=_box(9))
    why_fr = forms.CharField(label=gettext_lazy("Why, in French"), widget=_box(4), required=False)
    why_en = forms.CharField(label=gettext_lazy("Why, in English"), widget=_box(4), required=False)
    seen = forms.IntegerField(widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """Browsers send line breaks as two characters; the text keeps one."""
        return {
            name: value.replace("\r\n", "\n") if isinstance(value, str) else value
            for name, value in self.cleaned_data.items()
        }

    def words(self) -> dict[str, str]:
        """What the article shall say."""
        return {name: value for name, value in self.cleaned_data.items() if name != "seen"}


class NewArticleForm(ArticleForm):
    """An article, or a chapter, of the company's own."""

    number = forms.CharField(
        label=gettext_lazy("Number"),
        max_length=5,
        help_text=gettext_lazy("9 for a chapter, 9.1 for an article"),
    )
    setting = forms.ChoiceField(label=gettext_lazy("Settings shown beside it"), required=False)
    field_order = ("number", "setting")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Nobody has seen an edition of what is not there yet.
        del self.fields["seen"]
        choices = [("", gettext_lazy("none")), *((key, found.label) for key, found in SETTINGS.items())]
        self.fields["setting"].choices = choices  # type: ignore[attr-defined]

    def words(self) -> dict[str, str]:
        """What the article shall say."""
        return {key: value for key, value in super().words().items() if key not in {"number", "setting"}}


class PublishForm(forms.Form):
    """From when the draft is in force, and what is new in it."""

    effective_on = DateField(
        label=gettext_lazy("In force from"),
        prefer="future",
        help_text=gettext_lazy("Until then the version before it stays in force."),
    )
    change = forms.CharField(
        label=gettext_lazy("What is new"),
        max_length=1000,
        widget=forms.Textarea(
            {"rows": 3, "placeholder": gettext_lazy("Art. 4.4: shorter delays for classes C and D")}
        ),
        help_text=gettext_lazy("Everybody who is asked to read it sees this first."),
    )
    seen = forms.CharField(widget=forms.HiddenInput)
