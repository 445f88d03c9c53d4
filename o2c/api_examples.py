"""Examples of the main acts in the OpenAPI document: requests as they are sent, answers as they come back.

``api_examples.json`` holds them in the order of one story; ``tests/api/test_examples.py`` tells it to the API and
compares every answer, so that no example is only nearly true.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

_PREFIX: Final = "/api/v1/"


@dataclass(frozen=True)
class Example:
    """One request with its answer.

    :ivar path: as the document has it, with the names of its parts in braces
    :ivar address: where it is sent
    :ivar who: what role sends it
    """

    name: str
    summary: str
    who: str
    method: str
    path: str
    address: str
    status: int
    answer: Any
    body: Any = None


@cache
def examples() -> tuple[Example, ...]:
    """Return them in the order of their story."""
    text = Path(__file__).with_suffix(".json").read_text(encoding="utf-8")
    return tuple(Example(**each) for each in json.loads(text))


def with_examples(result: dict[str, Any], **_hook: Any) -> dict[str, Any]:
    """Put the examples into a document (``SPECTACULAR_SETTINGS``)."""
    for example in examples():
        operation = result["paths"][f"{_PREFIX}{example.path}"][example.method]
        if example.body is not None:
            _show(operation["requestBody"], example, example.body)
        _show(operation["responses"][str(example.status)], example, example.answer)
    return result


def _show(part: dict[str, Any], example: Example, value: Any) -> None:
    for content in part["content"].values():
        content.setdefault("examples", {})[example.name] = {"summary": example.summary, "value": value}
