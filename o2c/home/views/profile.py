"""One's own page: who decides while one is away."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from accounts import services
from accounts.models import Company, Substitution, User
from accounts.views.answers import company_of, explain, now, signed_in
from o2c.shared.fields import DateField
from o2c.shared.problems import Refusal
from o2c.shared.views import PermissionMixin

_SHOWN = 30


class _PersonField(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.label())


class SubstituteForm(forms.Form):
    """Who stands in for whom, from when to when, why."""

    absent = _PersonField(label=gettext_lazy("Who is away"), queryset=User.objects.none())
    substitute = _PersonField(label=gettext_lazy("Substitute"), queryset=User.objects.none())
    valid_from = DateField(label=gettext_lazy("From"), prefer="future")
    valid_until = DateField(
        label=gettext_lazy("Until"), prefer="future", help_text=gettext_lazy("Last day included")
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        widget=forms.TextInput({"placeholder": gettext_lazy("Holidays"), "class": "form-control"}),
    )

    def __init__(self, *args: Any, user: User, company: Company, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = (
            User.objects.filter(role_grants__company=company, is_active=True, is_system=False)
            .order_by("last_name", "username")
            .distinct()
        )
        everybody = user.may("admin.users", company)
        absent, substitute = self.fields["absent"], self.fields["substitute"]
        assert isinstance(absent, forms.ModelChoiceField)
        assert isinstance(substitute, forms.ModelChoiceField)
        substitute.queryset = people.exclude(pk=user.pk) if not everybody else people
        if everybody:
            absent.queryset = people.filter(role_grants__role__authority_level__gt=0)
        else:
            absent.queryset = User.objects.filter(pk=user.pk)
            absent.widget = forms.HiddenInput()
            absent.initial = user.pk


class Substitutes(PermissionMixin, View):
    """Substitutes of the reader, and whom the reader stands in for; administrators see everybody's."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Draw the page."""
        company = _company(request)
        return self._answer(request, SubstituteForm(user=signed_in(request), company=company))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Name a substitute."""
        user, company = signed_in(request), _company(request)
        form = SubstituteForm(request.POST, user=user, company=company)
        if form.is_valid():
            try:
                services.name_substitute(company=company, by=user, at=now(), **form.cleaned_data)
            except Refusal as refusal:
                explain(form, refusal)
            else:
                messages.success(request, _("The substitute is named, and decides in these days."))
                return redirect("substitutes")
        return self._answer(request, form, status=422)

    def _answer(self, request: HttpRequest, form: SubstituteForm, status: int = 200) -> HttpResponse:
        user, company = signed_in(request), _company(request)
        today = now().date()
        context = {
            "menu": "",
            "title": _("Substitutes"),
            "form": form,
            "may_name": user.may("admin.users", company) or services.own_authority(user, company) > 0,
            "rows": [
                (row, row.ended_at is None and row.valid_until >= today)
                for row in _seen(user, company).order_by("-valid_until", "-pk")[:_SHOWN]
            ],
        }
        return render(request, "home/substitutes.html", context, status=status)


class EndSubstitution(PermissionMixin, View):
    """End a substitution early."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """End it."""
        user, company = signed_in(request), _company(request)
        if not _seen(user, company).filter(pk=pk).exists():
            raise Http404
        try:
            services.end_substitution(substitution_id=pk, by=user, at=now())
        except Refusal as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("The substitution has ended."))
        return redirect("substitutes")


def _seen(user: User, company: Company) -> QuerySet[Substitution]:
    rows = Substitution.objects.filter(company=company).select_related("absent", "substitute", "named_by")
    if user.may("admin.users", company):
        return rows
    return rows.filter(Q(absent=user) | Q(substitute=user))


def _company(request: HttpRequest) -> Company:
    company = company_of(request)
    if company is None:
        raise PermissionDenied
    return company
