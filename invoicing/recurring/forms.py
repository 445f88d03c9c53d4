"""The forms of recurring invoices."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, User
from credit.client_choice import ClientField
from o2c.shared.fields import DateField
from orders.forms import term_choices

from .policy import Rhythm, Timing

NEXT: Final = "future"


class ScheduleForm(forms.Form):
    """Who is invoiced, how often, from when to when."""

    client = ClientField(label=_("Client"))
    rhythm = forms.ChoiceField(label=_("Rhythm"), choices=Rhythm.choices)
    timing = forms.ChoiceField(
        label=_("Invoiced"),
        choices=Timing.choices,
        help_text=_("In advance: on the first day of each period. In arrears: on its last day."),
    )
    first_day = DateField(label=_("First day"))
    last_day = DateField(
        label=_("Last day"),
        required=False,
        prefer=NEXT,
        help_text=_("The end of a whole period. Empty: until somebody ends it."),
    )
    term = forms.ChoiceField(label=_("Payment term"), required=False)
    customer_reference = forms.CharField(label=_("Client's reference"), max_length=120, required=False)

    def __init__(self, *args: Any, user: User, company: Company | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        client, term = self.fields["client"], self.fields["term"]
        assert isinstance(client, ClientField)
        assert isinstance(term, forms.ChoiceField)
        client.scope = (user, company)
        term.choices = term_choices(None)


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(label=_("Reason"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))
