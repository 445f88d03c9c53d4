"""The base of every view of the API: exact bodies, problems, idempotency keys, the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property, partial
from typing import Any, ClassVar, TypeVar

from django.utils import timezone, translation
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from o2c.shared.problems import Invalid, NotFound

from .bodies import ExactJSONParser, read_body
from .replays import HEADER, answer_once
from .schema import PortalSchema

Row = TypeVar("Row")
_WRITING = {"POST", "PUT", "PATCH", "DELETE"}


class AlwaysJSON(BaseContentNegotiation):
    """Answer JSON whatever is accepted: ``?format=`` belongs to the reports, and a problem is better than a 406."""

    def select_parser(self, request: Request, parsers: Sequence[BaseParser]) -> BaseParser | None:  # type: ignore[override]
        """The parser of the body's type."""
        return DefaultContentNegotiation().select_parser(request, parsers)

    def select_renderer(  # type: ignore[override]
        self, request: Request, renderers: Sequence[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The first renderer, always."""
        return renderers[0], renderers[0].media_type


class Edge(APIView):
    """A view that only translates: request → one act or query → answer.

    :cvar takes: parameters of the address that each action takes
    :cvar told_once: secrets in an answer, which nobody is told again under the same ``Idempotency-Key``
    """

    takes: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    told_once: ClassVar[tuple[str, ...]] = ()
    parser_classes = [ExactJSONParser]
    content_negotiation_class = AlwaysJSON
    schema = PortalSchema()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse what no database can take, speak the reader's language, honour an ``Idempotency-Key``.

        :raises NotFound: an address with a null character
        :raises Invalid: a parameter with one
        """
        if any("\0" in str(value) for value in kwargs.values()):
            raise NotFound
        body_first = request._request.body  # noqa: F841 - kept by Django for the fingerprint
        super().initial(request, *args, **kwargs)
        if language := getattr(request.user, "language", ""):
            translation.activate(language)
        self._refuse_nulls(request)
        self._refuse_unknown(request)
        key = request.headers.get(HEADER)
        if key is not None and request.method in _WRITING:
            self._answer_once(request, key)

    @staticmethod
    def _refuse_nulls(request: Request) -> None:
        for name, values in request.query_params.lists():
            if any("\0" in value for value in (name, *values)):
                raise Invalid(
                    errors={name.replace("\0", ""): [serializers.CharField().error_messages["invalid"]]}
                )

    @property
    def act_name(self) -> str:
        """The action, or the method where a view has only one."""
        return getattr(self, "action", None) or (self.request.method or "").lower()

    def known_parameters(self) -> set[str]:
        """The parameters of the address that this request may carry; a company is never one too many."""
        return {"company", *self.takes.get(self.act_name, ())}

    def _refuse_unknown(self, request: Request) -> None:
        """A mistyped filter must not answer the whole list, nor a mistyped company book in another one."""
        known = self.known_parameters()
        if unknown := [name for name in request.query_params if name not in known]:
            told = _("Unknown here. Known: %(names)s.") % {"names": ", ".join(sorted(known)) or "-"}
            raise Invalid(errors={name[:100]: [told] for name in unknown}, code="unknown_parameter")

    def _answer_once(self, request: Request, key: str) -> None:
        """Put the key around this request's handler."""
        method = (request.method or "").lower()
        handler: Callable[..., Response] | None = getattr(self, method, None)
        if handler is None:
            return

        def handle(request: Request, *args: Any, **kwargs: Any) -> Response:
            return answer_once(
                request,
                key=key,
                act=partial(handler, request, *args, **kwargs),
                refuse=self.handle_exception,
                told_once=self.told_once,
            )

        setattr(self, method, handle)

    @cached_property
    def at(self) -> datetime:
        """The moment of this request: what the acts below take as theirs."""
        return timezone.now()

    def read(self, shape: type[serializers.BaseSerializer[Row]], **options: Any) -> Any:
        """The request's body as the serializer understands it.

        :raises rest_framework.exceptions.ValidationError: per field what is wrong
        """
        return read_body(shape, self.request.data, **options)
