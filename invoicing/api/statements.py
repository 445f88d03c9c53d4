"""Bank statements and the company's bank accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyViewSet
from invoicing import bank_lists, services
from invoicing.bank import LARGEST_FILE, TooLarge
from invoicing.enums import Continuity, LineOutcome, StatementFormat
from invoicing.models import BankAccount, BankStatement
from invoicing.statement_shapes import line_fields, result_fields, stored_fields
from o2c.shared.api import Pages
from o2c.shared.api.bodies import CurrencyField, amount_field
from o2c.shared.api.jobs import JobAnswer, job_answer
from o2c.shared.api.lists import DayFilter
from o2c.shared.api.replays import creation_answer
from o2c.shared.api.routing import ROW_ID
from o2c.shared.problems import Invalid, NotAllowed, NotFound

from .serializers import Shape

# Some seconds of work: the caller asks for the result.
_IN_BACKGROUND: Final = 2 * 1024 * 1024


def _is_set(request: Request, name: str) -> bool:
    return request.query_params.get(name, "").lower() in {"1", "true", "yes"}


class BankAccountBody(Shape):
    """An account of the company: its IBAN, or the codes of bank and branch with the number."""

    iban = serializers.CharField(max_length=50, allow_blank=True, default="")
    bank = serializers.CharField(max_length=11, allow_blank=True, default="")
    branch = serializers.CharField(max_length=5, allow_blank=True, default="")
    account = serializers.CharField(max_length=34, allow_blank=True, default="")
    currency = CurrencyField(required=False, allow_null=True)
    name = serializers.CharField(max_length=80, allow_blank=True, default="")


class BankAccountAnswer(serializers.Serializer[Any]):
    """A bank account."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    iban = serializers.CharField()
    bank = serializers.CharField()
    branch = serializers.CharField()
    account = serializers.CharField()
    currency = serializers.CharField()
    last_statement = serializers.DateField(allow_null=True)


class LineAnswer(serializers.Serializer[Any]):
    """A movement, and what became of it."""

    date = serializers.DateField()
    value_date = serializers.DateField(allow_null=True)
    amount = amount_field()
    reference = serializers.CharField()
    end_to_end_id = serializers.CharField()
    payer_name = serializers.CharField()
    payer_iban = serializers.CharField()
    text = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    operation_code = serializers.CharField()
    return_reason = serializers.CharField()
    line = serializers.IntegerField(help_text="Line of the file.")
    outcome = serializers.ChoiceField(LineOutcome.choices)


class StoredLineAnswer(LineAnswer):
    """A stored movement, with the payment or the return it became."""

    id = serializers.IntegerField()
    payment = serializers.IntegerField(allow_null=True)
    duplicate_of = serializers.IntegerField(allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        """Add the return, whose name is a word of the language."""
        return {**super().get_fields(), "return": serializers.DictField(allow_null=True)}


class StatementAnswer(serializers.Serializer[Any]):
    """A statement: ``created`` lines are new, ``duplicates`` were there before."""

    id = serializers.IntegerField(allow_null=True)
    account = serializers.CharField()
    currency = serializers.CharField()
    number = serializers.CharField()
    opening_balance = amount_field()
    opening_date = serializers.DateField()
    closing_balance = amount_field()
    closing_date = serializers.DateField()
    format = serializers.ChoiceField(StatementFormat.choices)
    created = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    continuity = serializers.ChoiceField([*Continuity.choices, ("", "")])
    balance_before = amount_field(allow_null=True)
    warning = serializers.CharField()


class ReadStatementAnswer(StatementAnswer):
    """A statement of a file; its ``lines`` in a dry run."""

    lines = LineAnswer(many=True, required=False)


class StatementsAnswer(serializers.Serializer[Any]):
    """The statements of a file."""

    statements = ReadStatementAnswer(many=True)


class StatementUpload(serializers.Serializer[Any]):
    """A file of statements."""

    file = serializers.FileField()
    format = serializers.ChoiceField(StatementFormat.choices, required=False)


class BankAccountViewSet(CompanyViewSet):
    """The accounts that statements may be of."""

    queryset = BankAccount.objects.none()
    serializer_class = BankAccountAnswer
    pagination_class = Pages
    search_fields = ("name", "iban", "number")
    ordering_fields = {"name": "name", "currency": "currency"}
    ordering = "name"
    reads = "bank.view"
    acts = {"create": "bank.import"}

    def get_queryset(self) -> QuerySet[Any]:
        """Bank accounts of the company."""
        return bank_lists.bank_accounts(self.user, self.company)

    def list(self, request: Request) -> Response:
        """All of them, by name."""
        return self.page(self.get_queryset(), lambda rows: [_account_answer(row) for row in rows])

    @extend_schema(request=BankAccountBody, responses={201: BankAccountAnswer})
    def create(self, request: Request) -> Response:
        """Name an account; the same once more answers 200."""
        body = self.read(BankAccountBody)
        named = services.add_bank_account(
            company=self.company,
            iban=body["iban"],
            bank=body["bank"],
            branch=body["branch"],
            number=body["account"],
            currency=body.get("currency") or self.company.currency,
            name=body["name"],
            by=self.user,
            at=self.at,
        )
        row = self.get_queryset().get(pk=named.row.pk)
        return creation_answer(_account_answer(row), is_new=named.is_new)


def _account_answer(row: Any) -> dict[str, Any]:
    return {
        "id": row.pk,
        "name": row.name,
        "iban": row.iban,
        "bank": row.bank,
        "branch": row.branch,
        "account": row.number,
        "currency": row.currency,
        "last_statement": row.last_statement,
    }


class StatementFilters(filters.FilterSet):
    """``?currency= &number= &continuity= &bank_account= &closing_date= …``."""

    bank_account = filters.NumberFilter()
    currency = filters.CharFilter(lookup_expr="iexact")
    number = filters.CharFilter()
    continuity = filters.ChoiceFilter(choices=Continuity.choices)
    closing_date = DayFilter(field_name="closing_on")

    class Meta:
        model = BankStatement
        fields: Sequence[str] = ()


class StatementViewSet(CompanyViewSet):
    """Statements of the bank."""

    queryset = BankStatement.objects.none()
    serializer_class = StatementAnswer
    lookup_value_regex = ROW_ID
    pagination_class = Pages
    filterset_class = StatementFilters
    search_fields = ("number", "bank_account__name", "bank_account__iban", "file_name")
    ordering_fields = {"closing_date": "closing_on", "number": "number"}
    ordering = "-closing_date"
    lists = ("list", "lines")
    takes: ClassVar[Mapping[str, tuple[str, ...]]] = {"create": ("dry_run", "async")}
    reads = "bank.view"
    acts = {"create": "bank.import"}
    parser_classes = [MultiPartParser]

    def get_queryset(self) -> QuerySet[Any]:
        """Statements of the company."""
        return bank_lists.statements(self.user, self.company)

    def list(self, request: Request) -> Response:
        """Statements, latest first."""
        return self.page(self.get_queryset(), lambda rows: [_statement_answer(row) for row in rows])

    def retrieve(self, request: Request, pk: str) -> Response:
        """One statement."""
        return Response(_statement_answer(self._statement(pk)))

    @extend_schema(
        request={"multipart/form-data": StatementUpload},
        responses={200: StatementsAnswer, 201: StatementsAnswer, 202: JobAnswer},
        parameters=[
            OpenApiParameter(
                "dry_run",
                OpenApiTypes.BOOL,
                description=_("Read any account, store nothing, answer the lines."),
            ),
            OpenApiParameter(
                "async",
                OpenApiTypes.BOOL,
                description=_("Book it in the background, as files over 2 MB are."),
            ),
        ],
    )
    def create(self, request: Request) -> Response:
        """Bring in every statement of a file, or none; 200 where all of them were there before."""
        if not self.user.may("bank.import", self.company):
            raise NotAllowed
        dry_run = _is_set(request, "dry_run")
        body = StatementUpload(data=request.data)
        if request.FILES.get("file") is not None and not request.FILES["file"].size:
            raise Invalid(code="unreadable", errors={"file": [_("Line 1: the file is empty.")]})
        body.is_valid(raise_exception=True)
        upload = body.validated_data["file"]
        if upload.size > LARGEST_FILE:
            raise TooLarge
        if not dry_run and (upload.size > _IN_BACKGROUND or _is_set(request, "async")):
            kept = services.queue_file(
                company=self.company,
                file=upload,
                format=body.validated_data.get("format", ""),
                by=self.user,
                at=self.at,
            )
            assert kept.work is not None
            address = reverse("api-job", args=[kept.work.pk])
            return Response(
                {"id": kept.work.pk, **job_answer(kept.work), "url": address},
                status=status.HTTP_202_ACCEPTED,
                headers={"Location": address},
            )
        results = services.import_statements(
            company=self.company,
            content=upload.read(),
            format=body.validated_data.get("format", ""),
            file_name=upload.name or "",
            dry_run=dry_run,
            by=self.user,
            at=self.at,
        )
        found = [result_fields(result, lines="lines" if dry_run else "") for result in results]
        is_new = not dry_run and any(result.created for result in results)
        return Response(
            {"statements": found}, status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        )

    @extend_schema(responses=StoredLineAnswer(many=True))
    @action(detail=True, methods=["get"], filter_backends=[])
    def lines(self, request: Request, pk: str) -> Response:
        """Its movements as they stand in it, each with what became of it."""
        found = self.paginate_queryset(bank_lists.lines_of(self._statement(pk)))
        return self.get_paginated_response([line_fields(line) for line in found or []])

    def _statement(self, pk: str) -> Any:
        found = self.get_queryset().filter(pk=pk).first()
        if found is None:
            raise NotFound(code="statement_not_found")
        return found


def _statement_answer(row: Any) -> dict[str, Any]:
    return stored_fields(row, created=row.line_count - row.duplicate_lines, duplicates=row.duplicate_lines)
