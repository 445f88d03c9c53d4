"""Many documents in one request (contract §3): each for itself, or all or nothing; long ones in the background."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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

from accounts.api.base import CompanyEdge, lowest_role_with
from accounts.models import Company, CustomerAccount, User
from credit.locks import lock_credit_of
from o2c.shared import work
from o2c.shared.api.jobs import JobAnswer, job_answer
from o2c.shared.api.problems import problem_handler
from o2c.shared.locking import Moved, is_collision, retrying
from o2c.shared.models import Work
from o2c.shared.problems import Invalid, NotAllowed

logger = logging.getLogger(__name__)

JOB: Final = "api.bulk"
DIRECTLY: Final = 200
MOST: Final = 5_000
MOST_ATOMIC_ACCOUNTS: Final = 500
# Documents of one piece of background work: it holds the credit locks of all of them. Those that are entered
# together take a few statements whatever their number.
SLICE: Final = 50
SLICE_TOGETHER: Final = 1_000

# What enters one document: ``(document, *, company, by, at)`` → something with ``effect`` or ``is_new``; or many:
# ``(documents, *, company, by, at)`` → for each such a thing or the exception that refused it.
Enter = Callable[..., Any]

# A piece of a batch as the database cuts it out of its first row: what went before is neither sent nor read again.
_PIECE: Final = """
    SELECT jsonb_path_query_array(payload, ('$.documents[' || %(start)s || ' to ' || %(end)s || ']')::jsonpath),
           jsonb_array_length(payload -> 'documents'), payload - 'documents'
    FROM shared_work WHERE id = %(id)s
"""
_ERRORS_BEFORE: Final = """
    WITH RECURSIVE pieces AS (
        SELECT id, 1 AS place, result FROM shared_work WHERE id = %(id)s
        UNION ALL
        SELECT w.id, p.place + 1, w.result FROM shared_work w
        JOIN pieces p ON w.id = (p.result ->> 'continued_by')::bigint
    )
    SELECT error FROM pieces, jsonb_array_elements(result -> 'errors') WITH ORDINALITY AS e (error, number)
    ORDER BY place, number
"""


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


@dataclass(frozen=True)
class How:
    """What enters documents, by dotted paths: one at a time, and many at once where there is such a thing."""

    one: str
    many: str = ""

    @property
    def piece(self) -> int:
        """Documents of one piece of background work."""
        return SLICE_TOGETHER if self.many else SLICE

    def together(
        self, documents: Sequence[Any], *, company: Company, by: User, at: datetime
    ) -> Iterable[Any]:
        """Enter documents; for each what was entered, or the exception that refused it."""
        if not self.many:
            return _one_by_one(self.one, documents, company=company, by=by, at=at)
        entered: Iterable[Any] = import_string(self.many)(documents, company=company, by=by, at=at)
        return entered


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
    :cvar enters_many: of the one that enters many, each for itself, where there is one
    :cvar permission: what entering any of them takes
    """

    enters: ClassVar[str] = ""
    enters_many: ClassVar[str] = ""
    permission: ClassVar[str] = ""
    takes = {"post": ("atomic", "async")}

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

        :raises NotAllowed: no document of this kind could be entered
        :raises Invalid: no list, or too many
        """
        if not self.user.may(self.permission, self.company):
            raise NotAllowed(required_role=lowest_role_with(self.permission))
        documents = self._documents(request.data)
        atomic = self._flag("atomic")
        if self._flag("async") or (len(documents) > DIRECTLY and not atomic):
            return self._later(documents, atomic=atomic)
        if atomic:
            counts = enter_all(self._how, documents, company=self.company, by=self.user, at=self.at)
            refused = status.HTTP_422_UNPROCESSABLE_ENTITY
            return Response(asdict(counts), status=refused if counts.failed else status.HTTP_200_OK)
        counts = Counts()
        enter_each(self._how, documents, counts, company=self.company, by=self.user, at=self.at)
        return Response(asdict(counts))

    @property
    def _how(self) -> How:
        return How(self.enters, self.enters_many)

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
            "how": asdict(self._how),
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
    how: How,
    documents: Sequence[Any],
    counts: Counts,
    *,
    company: Company,
    by: User,
    at: datetime,
    first: int = 0,
) -> None:
    """Enter documents in their order; a refused one stops nobody else."""
    entered = how.together(documents, company=company, by=by, at=at)
    for index, outcome in enumerate(entered, start=first):
        if isinstance(outcome, Exception):
            counts.refuse(index, *_told(outcome))
        else:
            counts.note(outcome)


def _one_by_one(
    enters: str, documents: Sequence[Any], *, company: Company, by: User, at: datetime
) -> Iterator[Any]:
    enter: Enter = import_string(enters)
    within = connection.in_atomic_block
    for document in documents:
        try:
            # On its own each act is the outermost, and starts over by itself when it collides.
            with transaction.atomic() if within else nullcontext():
                entered = enter(document, company=company, by=by, at=at)
        except Exception as error:
            if within and (isinstance(error, Moved) or is_collision(error)):
                raise  # the whole piece starts over
            yield error
        else:
            yield entered


@retrying
def enter_all(how: How, documents: Sequence[Any], *, company: Company, by: User, at: datetime) -> Counts:
    """Enter all documents or none, and say what is wrong with each.

    :raises Invalid: they name more clients than one transaction should hold
    """
    if len(_codes(documents)) > MOST_ATOMIC_ACCOUNTS:
        raise Invalid(
            errors={"body": [_("All or nothing takes at most 500 clients.")]}, code="too_many_accounts"
        )
    counts = Counts()
    try:
        with transaction.atomic():
            _lock_credit(documents, company, by)
            enter_each(how, documents, counts, company=company, by=by, at=at)
            if counts.failed:
                raise _Undo
    except _Undo:
        return Counts(failed=counts.failed, errors=counts.errors)
    return counts


def _codes(documents: Sequence[Any]) -> set[str]:
    return {str(d.get("account") or d.get("code") or "")[:40] for d in documents if isinstance(d, dict)}


def _lock_credit(documents: Sequence[Any], company: Company, by: User) -> None:
    """Lock the credit of every client that is named, in one order, so that two batches never meet crosswise."""
    codes = [code for code in _codes(documents) if "\0" not in code]
    known = CustomerAccount.objects.visible_to(by, company).filter(code__in=codes)
    lock_credit_of(sorted(known.values_list("pk", flat=True)))


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
    how: Mapping[str, str],
    documents: list[Any],
    company_id: int,
    user_id: int,
    language: str,
    atomic: bool,
) -> dict[str, Any]:
    """Work handler: a whole batch that must be all or nothing, or the first piece of one that need not be."""
    batch = Batch(work.pk, How(**how), len(documents), company_id, user_id, language)
    if not atomic:
        return _run_piece(work, batch, documents[: batch.how.piece], 0, Counts())
    company, by = batch.who()
    with override(language):
        counts = enter_all(batch.how, documents, company=company, by=by, at=timezone.now())
    work.done = len(documents)
    return asdict(counts)


def run_on(*, work: Work, first_id: int, start: int, piece: int, counts: dict[str, Any]) -> dict[str, Any]:
    """Work handler: the next piece of a batch."""
    with connection.cursor() as cursor:
        cursor.execute(_PIECE, {"id": first_id, "start": start, "end": start + piece - 1})
        documents, total, rest = (
            json.loads(value) if isinstance(value, str) else value for value in cursor.fetchone()
        )
    batch = Batch(first_id, How(**rest["how"]), total, rest["company_id"], rest["user_id"], rest["language"])
    return _run_piece(work, batch, documents, start, Counts(**counts))


@dataclass(frozen=True)
class Batch:
    """A batch in the background: the row that holds its documents, and in whose name they are entered."""

    first_id: int
    how: How
    total: int
    company_id: int
    user_id: int
    language: str

    def who(self) -> tuple[Company, User]:
        """The company and the person."""
        return Company.objects.get(pk=self.company_id), User.objects.get(pk=self.user_id)


def _run_piece(
    row: Work, batch: Batch, documents: Sequence[Any], start: int, counts: Counts
) -> dict[str, Any]:
    """Enter a piece and ask for the next; what is wrong with its documents stays with the piece until the end."""
    company, by = batch.who()
    with override(batch.language):
        _lock_credit(documents, company, by)
        enter_each(batch.how, documents, counts, company=company, by=by, at=timezone.now(), first=start)
    row.done, row.total = start + len(documents), batch.total
    if row.done >= row.total:
        if row.pk != batch.first_id:
            counts.errors = [*_errors_before(batch.first_id), *counts.errors]
        return asdict(counts)
    payload = {
        "first_id": batch.first_id,
        "start": row.done,
        "piece": batch.how.piece,
        "counts": asdict(counts) | {"errors": []},
    }
    following = work.add(f"{JOB}.on", f"{batch.first_id}:{row.done}", payload, requested_by=by)
    return asdict(counts) | {"continued_by": following}


def _errors_before(first_id: int) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(_ERRORS_BEFORE, {"id": first_id})
        return [json.loads(value) if isinstance(value, str) else value for (value,) in cursor.fetchall()]
