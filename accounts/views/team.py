"""Who looks after a client and since when; who may, adds members and ends them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views import View

from accounts import services
from accounts.forms import EndMemberForm, MemberForm
from accounts.models import CustomerAccount, TeamMember, User
from accounts.queries import in_force_on
from accounts.team_policy import WEIGHTY, Change, member_blockers, roles_changed_with
from o2c.shared.problems import NotAllowed, NotFound, Refusal
from o2c.shared.views import PermissionMixin

from .answers import client_or_404, explain, now, signed_in

_PAST_SHOWN = 50


class Team(PermissionMixin, View):
    """The members of today and before; posting adds one."""

    permission = "accounts.view"

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        """Draw the page."""
        account = client_or_404(request, code)
        return _answer(request, account, _form(request, account))

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        """Add a member."""
        account = client_or_404(request, code)
        form = _form(request, account)
        if form is None:
            raise PermissionDenied
        if form.is_valid():
            try:
                member = services.add_member(
                    account_id=account.pk, by=signed_in(request), at=now(), **form.cleaned_data
                )
            except NotFound as refusal:
                raise Http404(str(refusal)) from refusal
            except Refusal as refusal:
                explain(form, refusal)
            else:
                said = _("%(person)s is in the team of %(client)s.")
                messages.success(request, said % {"person": member.user.label(), "client": account.name})
                return redirect("accounts:team", account.code)
        return _answer(request, account, form, status=422)


class EndMember(PermissionMixin, View):
    """End a membership."""

    permission = "accounts.view"

    def post(self, request: HttpRequest, code: str, pk: int) -> HttpResponse:
        """End it at once, or after the day given."""
        account = client_or_404(request, code)
        if not account.team.filter(pk=pk).exists():
            raise Http404
        form = EndMemberForm(request.POST)
        if not form.is_valid():
            messages.error(
                request, " ".join(str(error) for errors in form.errors.values() for error in errors)
            )
            return redirect("accounts:team", account.code)
        try:
            member = services.end_member(member_id=pk, by=signed_in(request), at=now(), **form.cleaned_data)
        except NotAllowed as refusal:
            raise PermissionDenied(str(refusal)) from refusal
        except Refusal as refusal:
            messages.error(request, str(refusal))
        else:
            said = _("%(person)s leaves the team of %(client)s.")
            messages.success(request, said % {"person": member.user.label(), "client": account.name})
        return redirect("accounts:team", account.code)


def _held(user: User, account: CustomerAccount) -> set[str]:
    return {code for role in user.roles_in(account.company_id) for code in role.permissions}


def _form(request: HttpRequest, account: CustomerAccount) -> MemberForm | None:
    """The form, with the roles this reader may change; None for who may change none."""
    held = _held(signed_in(request), account)
    roles = roles_changed_with(held)
    if not roles:
        return None
    data = request.POST if request.method == "POST" else None
    return MemberForm(data, company=account.company, roles=roles, may_bonus=WEIGHTY in held)


def _answer(
    request: HttpRequest, account: CustomerAccount, form: MemberForm | None, status: int = 200
) -> HttpResponse:
    user, today = signed_in(request), timezone.localdate()
    held = _held(user, account)
    rows = account.team.select_related("user")
    present = list(rows.filter(in_force_on(today)).order_by("role", "user__last_name", "pk"))
    past = rows.filter(valid_to__lte=today).order_by("-valid_to", "-pk")[:_PAST_SHOWN]
    context: dict[str, Any] = {
        "account": account,
        "menu": "accounts",
        "title": _("Team of %(client)s") % {"client": account.name},
        "present": [(member, _may_end(member, user, held)) for member in present],
        "past": past,
        "form": form,
        "today": today,
    }
    return render(request, "accounts/team.html", context, status=status)


def _may_end(member: TeamMember, user: User, held: set[str]) -> bool:
    asked = Change(role=member.role, bonus=member.has_bonus, own=member.user_id == user.pk)
    return not member_blockers(asked, held)
