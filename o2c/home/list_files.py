"""Long lists as files: written by a worker as their asker sees them, fetched when they are ready."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, QueryDict
from django.urls import Resolver404, resolve
from django.utils import translation

from accounts.models import Company, User
from o2c.shared import results
from o2c.shared import work as work_table
from o2c.shared.list_file import ListFile
from o2c.shared.models import Work
from o2c.shared.problems import NotFound
from o2c.shared.views import ListPage

KIND: Final = "lists.file"


def prepare(*, path: str, query: str, kind: str, user: User, company: Company | None, language: str) -> None:
    """Have a list written as a file; asked again while it waits, it is the same piece of work.

    :param path: address of the list
    :param query: its filters, order and columns, as the address carries them
    :raises NotFound: no list stands there, or no such file
    :raises PermissionDenied: the user may not read it
    """
    list_at(path, query, user=user, company=company)
    if kind not in ListFile.TYPES:
        raise NotFound
    payload = {
        "path": path,
        "query": query,
        "kind": kind,
        "company_id": company.pk if company else None,
        "language": language,
    }
    with transaction.atomic():
        work_table.add(
            KIND, sha256(repr((user.pk, payload)).encode()).hexdigest(), payload, requested_by=user
        )


def list_at(path: str, query: str, *, user: User, company: Company | None) -> ListPage:
    """Return the list at an address as a user sees it.

    :raises NotFound: no list stands there
    :raises PermissionDenied: the user may not read it
    """
    try:
        found = resolve(path)
    except Resolver404 as unknown:
        raise NotFound from unknown
    view_class = getattr(found.func, "view_class", None)
    if view_class is None or not issubclass(view_class, ListPage):
        raise NotFound
    request = HttpRequest()
    request.method, request.path, request.GET = "GET", path, QueryDict(query)
    request.user, request.company = user, company  # type: ignore[attr-defined]
    view: ListPage = view_class()
    view.setup(request, *found.args, **found.kwargs)
    view.refuse_others(request)
    return view


def write(
    *, work: Work, path: str, query: str, kind: str, company_id: int | None, language: str
) -> dict[str, Any]:
    """Work handler: write the list as its asker may read it today, and keep it as a file.

    :raises GiveUp: the asker may not read it any more, or it is gone
    """
    company = None if company_id is None else Company.objects.get(pk=company_id)
    user: User = results.asker_of(work)
    try:
        with translation.override(language):
            view = list_at(path, query, user=user, company=company)
            rows, _filterset = view.filtered()
            file = view.file_of(rows, kind)
            return results.keep(
                work,
                file.pieces(lambda lines, total: results.counted(work, lines, total)),
                name=file.name,
                content_type=file.content_type,
                permission=view.permission or "",
                company_id=company_id,
                scope=scope_of(user, company),
            )
    except (NotFound, PermissionDenied, Http404) as refusal:
        raise work_table.GiveUp(str(refusal) or "403") from refusal


def scope_of(user: User, company: Company | None) -> str:
    """Return what of a company a user reads: all of it, or a portfolio."""
    sees_all = company is not None and any(role.sees_all_accounts for role in user.roles_in(company))
    return "company" if sees_all else "portfolio"


def file_for(user: User, work: Work) -> Work:
    """Return a piece of work whose file this user may fetch.

    :raises NotFound: somebody else asked for it, its file is gone, or the user reads less now than it holds
    """
    made = work.result
    if work.requested_by_id != user.pk or "file" not in made:
        raise NotFound
    company = Company.objects.filter(pk=made["company_id"]).first()
    if made["permission"] and not user.may(made["permission"], company):
        raise NotFound
    if made["scope"] == "company" and scope_of(user, company) != "company":
        raise NotFound
    return work
