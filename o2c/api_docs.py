"""The API for people: a page made from the schema itself, without scripts from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from o2c.api_schema import document

Schema = Mapping[str, Any]

PREFIX: Final = "/api/v1/"
_METHODS: Final = ("get", "post", "put", "patch", "delete")
_DEEPEST: Final = 4


@dataclass(frozen=True)
class Field:
    """One field of a body or answer; ``name`` is its path."""

    name: str
    kind: str
    required: bool
    about: str


@dataclass(frozen=True)
class Shown:
    """One request as it is sent, empty where it has no body, and its answer."""

    summary: str
    code: str
    body: str
    answer: str


@dataclass(frozen=True)
class Operation:
    """One address with one method."""

    anchor: str
    method: str
    path: str
    about: str
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    answer: tuple[Field, ...]
    codes: tuple[tuple[str, str], ...]
    examples: tuple[Shown, ...]


@dataclass
class Resource:
    """The operations under one name."""

    name: str
    operations: list[Operation] = field(default_factory=list)


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Every address with its fields and answers."""
    return render(request, "api/docs.html", {"resources": resources(get_language() or "en"), "menu": "api"})


@cache
def resources(language: str) -> tuple[Resource, ...]:
    """The schema as the page shows it; read once per language, it changes with the code only."""
    schema = document(language)
    found: dict[str, Resource] = {}
    for path, operations in schema["paths"].items():
        name = path.removeprefix(PREFIX).split("/")[0]
        for method in _METHODS:
            if method in operations:
                resource = found.setdefault(name, Resource(name))
                resource.operations.append(_operation(method, path, operations[method], schema))
    return tuple(found.values())


def _operation(method: str, path: str, told: Schema, schema: Schema) -> Operation:
    answers: Schema = told.get("responses", {})
    good = next((code for code in answers if code.startswith("2")), "")
    return Operation(
        anchor=told["operationId"],
        method=method.upper(),
        path=path,
        about=" ".join(filter(None, (told.get("summary"), told.get("description")))),
        parameters=tuple(_parameter(each) for each in told.get("parameters", ())),
        body=tuple(_fields(_content(told.get("requestBody", {})), schema)),
        answer=tuple(_fields(_content(answers.get(good, {})), schema)),
        codes=tuple((code, HTTPStatus(int(code)).phrase) for code in sorted(answers)),
        examples=tuple(_examples(told)),
    )


def _examples(told: Schema) -> Iterator[Shown]:
    """The examples of an operation, each body beside its answer."""
    bodies = _shown(told.get("requestBody", {}))
    for code, answer in sorted(told.get("responses", {}).items()):
        for name, shown in _shown(answer).items():
            body = bodies.get(name, {}).get("value")
            yield Shown(shown["summary"], code, _json(body) if body else "", _json(shown["value"]))


def _shown(told: Schema) -> Schema:
    contents: Schema = told.get("content", {})
    first: Schema = next(iter(contents.values()), {})
    return first.get("examples", {})


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _parameter(told: Schema) -> Field:
    shape: Schema = told.get("schema", {})
    return Field(told["name"], _kind(shape), bool(told.get("required")), told.get("description", ""))


def _content(told: Schema) -> Schema:
    contents: Schema = told.get("content", {})
    first: Schema = next(iter(contents.values()), {})
    return first.get("schema", {})


def _resolved(shape: Schema, schema: Schema) -> Schema:
    for part in shape.get("allOf") or shape.get("oneOf") or ():
        return _resolved(part, schema)
    if reference := shape.get("$ref"):
        return schema["components"]["schemas"][reference.rpartition("/")[2]]
    return shape


def _fields(shape: Schema, schema: Schema, path: str = "", depth: int = 0) -> Iterator[Field]:
    """The fields of a shape and of what it holds, each with its path."""
    shape = _resolved(shape, schema)
    if shape.get("type") == "array":
        yield from _fields(shape["items"], schema, f"{path}[]", depth)
        return
    needed = shape.get("required", ())
    for name, inner in shape.get("properties", {}).items():
        whole = f"{path}.{name}" if path else name
        resolved = _resolved(inner, schema)
        yield Field(whole, _kind(resolved), name in needed, inner.get("description", ""))
        if depth < _DEEPEST:
            yield from _fields(resolved, schema, whole, depth + 1)


def _kind(shape: Schema) -> str:
    words = [str(shape.get("format") or shape.get("type") or "object")]
    if choices := shape.get("enum"):
        words = [" | ".join(str(choice) for choice in choices if choice not in (None, ""))]
    return " ".join(words)
