"""OpenAPI: every operation says which problems it may answer."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any, Literal

from drf_spectacular.authentication import SessionScheme, TokenScheme
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

Direction = Literal["request", "response"]

_ALWAYS = {
    "400": "Not readable",
    "401": "Not signed in",
    "403": "Not allowed",
    "404": "Not found, or not yours",
}
_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="The same request again under the same key within 24 hours gets the stored answer.",
)
_WRITING = {
    "409": "State conflict, or the key exists with other content",
    "413": "Too large for one request",
    "415": "Not JSON",
    "422": "A rule refuses",
}


class Problem(serializers.Serializer[Any]):
    """A problem document (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField())
    )
    findings = serializers.ListField(child=serializers.DictField(), required=False)
    required_role = serializers.CharField(required=False)


class PortalSchema(AutoSchema):
    """The framework's schema with problem answers, and ``company`` on every address that has one."""

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        found: dict[str, Any] = super()._get_response_bodies(direction)
        problems = dict(_ALWAYS)
        if self.method in {"POST", "PUT", "PATCH", "DELETE"}:
            problems |= _WRITING
        if self.method in {"POST", "PUT"} and "201" in found:
            found.setdefault("200", {**found["201"], "description": "It was there already"})
        component = self.resolve_serializer(Problem, direction)
        for code, answer in found.items():
            if int(code) >= 400 and component.ref in [
                each.get("schema") for each in answer.get("content", {}).values()
            ]:
                # A refusal that a view declares itself has the type of all others.
                answer["content"] = {"application/problem+json": {"schema": component.ref}}
        for code, words in problems.items():
            found.setdefault(
                code,
                {
                    "content": {"application/problem+json": {"schema": component.ref}},
                    "description": words,
                },
            )
        return found

    def get_summary(self) -> str | None:
        """The first line of what the view says of itself."""
        return self._told()[0]

    def get_description(self) -> str:  # type: ignore[override]
        """What follows the first line, without what concerns programmers only."""
        return self._told()[1]

    def _told(self) -> tuple[str, str]:
        action = getattr(self.view, getattr(self.view, "action", None) or self.method.lower())
        first, _blank, rest = cleandoc(action.__doc__ or "").partition("\n")
        return first, rest.partition(":raises")[0].partition(":param")[0].strip()

    def get_override_parameters(self) -> list[Any]:
        """Parameters that every view of a company takes, and the key that every act may carry."""
        common = list(getattr(self.view, "common_parameters", ()))
        if common and self.method in {"POST", "PUT", "PATCH", "DELETE"}:
            common.append(_KEY)
        return [*super().get_override_parameters(), *common]


class PortalTokenScheme(TokenScheme):
    """``Authorization: Token …`` in OpenAPI."""

    target_class = "o2c.shared.api.authentication.TokenAuthentication"


class PortalSessionScheme(SessionScheme):
    """The browser's session in OpenAPI."""

    target_class = "o2c.shared.api.authentication.SessionAuthentication"
