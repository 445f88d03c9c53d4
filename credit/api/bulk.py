"""Many documents in one request (contract §3): each for itself, or all or nothing; long ones in the background."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Final

from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyEdge
from accounts.models import Company, CustomerAccount, User
from credit.locks import lock_credit_of
from o2c.shared import work
from o2c.shared.api.jobs import JobAnswer, job_answer
from o2c.shared.api.problems import problem_handler
from o2c.shared.locking import Moved, is_collision, retrying
from o2c.shared.models import Work
from o2c.shared.problems import Invalid

logger = logging.getLogger(__name__)

JOB: Final = "api.bulk"
DIRECTLY: Final = 200
MOST: Final = 5_000
MOST_ATOMIC_ACCOUNTS: Final = 500
# Documents of one piece of background work: it holds the credit locks of all of them.
SLICE: Final = 50

# What enters one document: ``(document, *, company, by, at)`` → something with ``effect`` or ``is_new``.
Enter = Callable[..., Any]


class _Undo(Exception):
    """One document was refused: none is kept."""


@dataclass
class Counts:
    """What became of the documents."""

    created: int = 0
    unchanged: int = 0
    updated: int = 0
    failed: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)

    def note(self, entered: Any) -> None:
        """Count one that was accepted."""
        effect = getattr(entered, "effect", None)
        name = str(effect) if effect is not None else ("created" if entered.is_new else "unchanged")
        setattr(self, name, getattr(self, name) + 1)

    def refuse(self, index: int, code: str, detail: str, errors: dict[str, Any]) -> None:
        """Count one that was refused, and why."""
        self.failed += 1
        self.errors.append({"index": index, "code": code, "detail": detail, "errors": errors})


class RefusedDocument(serializers.Serializer[Any]):
    """One document that was refused."""

    index = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    errors = serializers.DictField()  # type: ignore[assignment]


class BulkAnswer(serializers.Serializer[Any]):
    """What became of the documents."""

    created = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    updated = serializers.IntegerField()
    failed = serializers.IntegerField()
    errors = RefusedDocument(many=True)  # type: ignore[assignment]


class BulkView(CompanyEdge):
    """``{resource}/bulk/``.

    :cvar enters: dotted path of the function that enters one document
    """

    enters: ClassVar[str] = ""

    @extend_schema(
        parameters=[
            OpenApiParameter("atomic", bool, description="All or nothing; at most 500 clients."),
            OpenApiParameter("async", bool, description="In the background, also when there are few."),
        ],
        request={"application/json": {"type": "array", "items": {"type": "object"}, "maxItems": MOST}},
        responses={200: BulkAnswer, 202: JobAnswer, 422: BulkAnswer},
    )
    def post(self, request: Request) -> Response:
        """Enter documents in their order.

        :raises Invalid: no list, or too many
        """
        documents = self._documents(request.data)
        atomic = self._flag("atomic")
        if self._flag("async") or (len(documents) > DIRECTLY and not atomic):
            return self._later(documents, atomic=atomic)
        if atomic:
            counts = enter_all(self.enters, documents, company=self.company, by=self.user, at=self.at)
            refused = status.HTTP_422_UNPROCESSABLE_ENTITY
            return Response(asdict(counts), status=refused if counts.failed else status.HTTP_200_OK)
        counts = Counts()
        enter_each(self.enters, documents, counts, company=self.company, by=self.user, at=self.at)
        return Response(asdict(counts))

    def _documents(self, data: Any) -> list[Any]:
        if not isinstance(data, list):
            raise Invalid(errors={"body": [_("A list of documents is expected.")]})
        if len(data) > MOST:
            raise Invalid(errors={"body": [_("At most 5 000 documents at once.")]})
        return data

    def _flag(self, name: str) -> bool:
        text = self.request.query_params.get(name, "").lower()
        if text not in {"", "0", "1", "true", "false"}:
            raise Invalid(errors={name: [_("Write 1 or 0.")]})
        return text in {"1", "true"}

    def _later(self, documents: Sequence[Any], *, atomic: bool) -> Response:
        payload = {
            "enters": self.enters,
            # Numbers stay exact as texts.
            "documents": json.loads(json.dumps(list(documents), default=_exact)),
            "company_id": self.company.pk,
            "user_id": self.user.pk,
            "language": get_language() or "fr",
            "atomic": atomic,
        }
        with transaction.atomic():
            key = work.add(JOB, uuid.uuid4().hex, payload, requested_by=self.user) or 0
            Work.objects.filter(pk=key).update(total=len(documents))
        address = reverse("api-job", kwargs={"pk": key})
        answer = job_answer(Work.objects.get(pk=key)) | {"url": address}
        return Response(answer, status=status.HTTP_202_ACCEPTED, headers={"Location": address})


def _exact(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f") if abs(value.adjusted()) < 60 else str(value)
    raise TypeError(type(value).__name__)


def enter_each(
    enters: str,
    documents: Sequence[Any],
    counts: Counts,
    *,
    company: Company,
    by: User,
    at: datetime,
    first: int = 0,
) -> None:
    """Enter documents one by one; a refused one stops nobody else."""
    enter: Enter = import_string(enters)
    within = connection.in_atomic_block
    for index, document in enumerate(documents, start=first):
        try:
            # On its own each act is the outermost, and starts over by itself when it collides.
            with transaction.atomic() if within else nullcontext():
                entered = enter(document, company=company, by=by, at=at)
        except Exception as error:
            if within and (isinstance(error, Moved) or is_collision(error)):
                raise  # the whole piece starts over
            counts.refuse(index, *_told(error))
        else:
            counts.note(entered)


@retrying
def enter_all(enters: str, documents: Sequence[Any], *, company: Company, by: User, at: datetime) -> Counts:
    """Enter all documents or none, and say what is wrong with each.

    The credit of every client they name is locked first, in one order, so that two batches never meet crosswise.

    :raises Invalid: they name more clients than one transaction should hold
    """
    codes = {str(d.get("account") or d.get("code") or "")[:40] for d in documents if isinstance(d, dict)}
    if len(codes) > MOST_ATOMIC_ACCOUNTS:
        raise Invalid(
            errors={"body": [_("All or nothing takes at most 500 clients.")]}, code="too_many_accounts"
        )
    counts = Counts()
    try:
        with transaction.atomic():
            known = CustomerAccount.objects.visible_to(by, company).filter(
                code__in=[code for code in codes if "\0" not in code]
            )
            lock_credit_of(sorted(known.values_list("pk", flat=True)))
            enter_each(enters, documents, counts, company=company, by=by, at=at)
            if counts.failed:
                raise _Undo
    except _Undo:
        return Counts(failed=counts.failed, errors=counts.errors)
    return counts


def _told(error: Exception) -> tuple[str, str, dict[str, Any]]:
    answer = problem_handler(error, {})
    if answer is None:
        logger.error("a document of a batch failed", exc_info=error)
        return "server_error", str(_("Something broke on our side.")), {}
    problem: dict[str, Any] = answer.data
    return problem["code"], problem["detail"], problem["errors"]


def run(
    *,
    work: Work,
    enters: str,
    documents: list[Any],
    company_id: int,
    user_id: int,
    language: str,
    atomic: bool,
) -> dict[str, Any]:
    """Work handler: a whole batch that must be all or nothing, or the first piece of one that need not be."""
    company, by = Company.objects.get(pk=company_id), User.objects.get(pk=user_id)
    with override(language):
        if not atomic:
            return _run_slice(work, work, 0, Counts(), company, by)
        counts = enter_all(enters, documents, company=company, by=by, at=timezone.now())
    work.done = len(documents)
    return asdict(counts)


def run_on(*, work: Work, first_id: int, start: int, counts: dict[str, Any]) -> dict[str, Any]:
    """Work handler: the next piece of a batch."""
    first = Work.objects.get(pk=first_id)
    company = Company.objects.get(pk=first.payload["company_id"])
    by = User.objects.get(pk=first.payload["user_id"])
    with override(first.payload["language"]):
        return _run_slice(work, first, start, Counts(**counts), company, by)


def _run_slice(
    row: Work, first: Work, start: int, counts: Counts, company: Company, by: User
) -> dict[str, Any]:
    documents = first.payload["documents"]
    piece = documents[start : start + SLICE]
    enter_each(first.payload["enters"], piece, counts, company=company, by=by, at=timezone.now(), first=start)
    row.done, row.total = start + len(piece), len(documents)
    if row.done >= row.total:
        return asdict(counts)
    payload = {"first_id": first.pk, "start": row.done, "counts": asdict(counts)}
    following = work.add(f"{JOB}.on", f"{first.pk}:{row.done}", payload, requested_by=by)
    return asdict(counts) | {"continued_by": following}
