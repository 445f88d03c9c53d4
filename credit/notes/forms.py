"""The forms that write and withdraw a note."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext, gettext_lazy, pgettext_lazy

from o2c.shared.fields import DateField

from .enums import NoteKind, NoteTopic, NoteWeight
from .policy import LONGEST
from .services import Content


class NoteForm(forms.Form):
    """What somebody notes about a client: kind and text suffice."""

    kind = forms.ChoiceField(label=pgettext_lazy("note", "What is it?"), widget=forms.RadioSelect)
    topic = forms.ChoiceField(
        label=gettext_lazy("About what"),
        required=False,
        choices=[("", gettext_lazy("Choose")), *NoteTopic.choices],
    )
    text = forms.CharField(
        label=pgettext_lazy("note", "Text"),
        max_length=LONGEST,
        widget=forms.Textarea({"rows": 4}),
        help_text=gettext_lazy(
            "Facts that matter for business, as you would say them to the client. Nothing about health, family,"
            " religion, politics, unions; no opinion, no insult. Whoever it is about may read it."
        ),
    )
    confirmed = forms.BooleanField(
        label=gettext_lazy("It is factual and needed: keep these words"), required=False
    )
    weight = forms.ChoiceField(
        label=gettext_lazy("For the client’s credit"),
        choices=NoteWeight.choices,
        widget=forms.RadioSelect,
        initial=NoteWeight.NEUTRAL,
    )
    seen_on = DateField(label=gettext_lazy("Seen on"), prefer="past")
    source = forms.CharField(
        label=gettext_lazy("Source"),
        required=False,
        max_length=150,
        help_text=gettext_lazy("Who says so: a newspaper, a visit, a colleague"),
    )
    url = forms.CharField(
        label=gettext_lazy("Web address"),
        required=False,
        max_length=500,
        widget=forms.URLInput({"placeholder": "https://", "inputmode": "url"}),
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(
        self, data: Any = None, *, restricted: bool, initial: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(data, initial={"key": uuid4(), "kind": NoteKind.MARKET} | dict(initial or {}))
        kind = self.fields["kind"]
        assert isinstance(kind, forms.ChoiceField)
        kind.choices = [
            choice for choice in NoteKind.choices if restricted or choice[0] != NoteKind.RESTRICTED
        ]

    def clean(self) -> dict[str, Any]:
        """Ask for the topic together with whatever else is missing."""
        given = super().clean() or {}
        if given.get("kind") == NoteKind.MARKET and not given.get("topic"):
            self.add_error("topic", gettext("Say what it is about."))
        return given

    @property
    def more_is_open(self) -> bool:
        """Whether the fields that need not be filled are shown: one of them is, or is wrong."""
        return any(self.errors.get(name) or self[name].value() for name in ("source", "url")) or bool(
            self.errors.get("seen_on")
        )

    def content(self) -> Content:
        """What was entered, for the act; of a valid form."""
        given = self.cleaned_data
        return Content(
            kind=NoteKind(given["kind"]),
            topic=given["topic"],
            text=given["text"],
            weight=NoteWeight(given["weight"]),
            seen_on=given["seen_on"],
            source=given["source"],
            url=given["url"],
        )


class WithdrawForm(forms.Form):
    """Why a note is taken back."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        widget=forms.Textarea({"rows": 2, "placeholder": gettext_lazy("Was about another company")}),
    )
