"""What every view about a company or a client stands on: which company, which client, which right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, Final

from django.utils.translation import gettext_lazy as _
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import OpenApiParameter
from rest_framework import viewsets
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Company, CustomerAccount, Role, User
from accounts.queries import find_account
from accounts.scope import Outside, as_contract
from o2c.shared.api.lists import SearchedBy, Words, list_parameters
from o2c.shared.api.views import Edge
from o2c.shared.problems import NotAllowed, NotFound

# Nobody asks another system for a decision.
_NO_PERSON: Final = "integration"


class AccountUnknown(NotFound):
    """No client under this code, or not this user's to see."""

    code = "account_not_found"
    message = _("There is no client with this code.")


class CompanyUnknown(NotFound):
    """No company under this code, or not this user's to see."""

    code = "company_not_found"
    message = _("There is no company with this code.")


def lowest_role_with(permission: str) -> str | None:
    """The role with the least authority that carries a permission: whom to ask."""
    roles = Role.objects.filter(permissions__contains=[permission]).exclude(pk=_NO_PERSON)
    found = min(
        roles,
        key=lambda role: (
            role.authority_level,
            role.sees_all_companies,
            len(role.permissions),
            role.code,
        ),
        default=None,
    )
    return found.code if found else None


def account_of(user: User, company: Company, code: str) -> CustomerAccount:
    """The client with this code.

    :raises AccountUnknown: there is none, or it is not this user's to see
    """
    try:
        return find_account(user, company, code)
    except NotFound as unknown:
        raise AccountUnknown from unknown


class CompanyEdge(Edge):
    """A view within one company: ``?company=``, or the user's home company.

    :cvar reads: permission that reading takes
    :cvar acts: permission each action takes, to name who may when the act refuses
    """

    reads: ClassVar[str] = ""
    acts: ClassVar[Mapping[str, str]] = {}
    common_parameters: ClassVar[tuple[OpenApiParameter, ...]] = (
        OpenApiParameter(
            "company",
            str,
            description=_("Code of the company; the user's home company when left out."),
        ),
    )

    @property
    def user(self) -> User:
        """Who asks; always signed in here."""
        assert isinstance(self.request.user, User)
        return self.request.user

    @cached_property
    def company(self) -> Company:
        """The company of this request.

        :raises CompanyUnknown: the one named does not exist or is not this user's
        """
        allowed = self.user.company_ids()
        companies = Company.objects.all() if allowed is None else Company.objects.filter(pk__in=allowed)
        if code := self.request.query_params.get("company"):
            found = companies.filter(code=code).first()
        else:
            found = self.user.home_company or companies.order_by("pk").first()
        if found is None:
            raise CompanyUnknown
        return found

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Ask for the right to read before anything is read."""
        super().initial(request, *args, **kwargs)
        company = self.company
        if request.method in {"GET", "HEAD"} and self.reads and not self.user.may(self.reads, company):
            raise NotAllowed(required_role=lowest_role_with(self.reads))

    def handle_exception(self, exc: Exception) -> Response:
        """Name who may where an act only said that this person may not."""
        permission = self.acts.get(self.act_name)
        if (
            isinstance(exc, NotAllowed)
            and exc.required_role is None
            and permission
            and not self.user.may(permission, self.company)
        ):
            exc.required_role = lowest_role_with(permission)
        return super().handle_exception(exc)

    def account(self, code: str) -> CustomerAccount:
        """The client with this code.

        :raises AccountUnknown: there is none, or it is not this user's to see
        """
        return account_of(self.user, self.company, code)


class CompanyViewSet(Words, CompanyEdge, viewsets.GenericViewSet[Any]):
    """A resource of one company: lists with filters, search, order and pages, and actions on one row.

    :cvar lists: the actions that answer pages of rows
    """

    lists: ClassVar[tuple[str, ...]] = ("list",)
    filter_backends = [DjangoFilterBackend, SearchedBy]

    def known_parameters(self) -> set[str]:
        """What the action takes, and for a list its pages and filters."""
        paged = list_parameters(self) if self.act_name in self.lists else set()
        return super().known_parameters() | paged

    def page(self, rows: Any, shape: Any, *, outside: Sequence[Outside] = ()) -> Response:
        """One page of a list.

        :param shape: turns the rows of the page into dictionaries
        :param outside: what of the reader's clients is colleagues', as a count and a total
        """
        found = self.paginate_queryset(self.filter_queryset(rows))
        answer = self.get_paginated_response(shape(found or []))
        if outside:
            answer.data["outside_portfolio"] = as_contract(outside)
        return answer


def refuse_method(request: Request, *args: Any, **kwargs: Any) -> Response:
    """Answer 405: this cannot be changed.

    :raises MethodNotAllowed: always
    """
    raise MethodNotAllowed(request.method or "")
