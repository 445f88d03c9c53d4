"""The same request twice: natural keys with the hash of their body, and ``Idempotency-Key`` (contract §3)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from o2c.shared.locking import Moved, is_collision, retrying
from o2c.shared.models import IdempotencyKey
from o2c.shared.problems import Conflict, Invalid

from .problems import KeyConflict

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = {"Idempotent-Replay": "true"}
KEPT: Final = timedelta(hours=24)
LONGEST_KEY: Final = 200


class Document(Protocol):
    """What a document with a natural key carries."""

    creation_hash: str


D = TypeVar("D", bound=Document)


class Entered(NamedTuple):
    """A document as stored, and whether it was made just now."""

    document: Any
    is_new: bool


def enter_once(*, find: Callable[[], D | None], create: Callable[[], D], body_hash: str) -> Entered:
    """Create a document, or find what the same body made before.

    :param find: the stored document with this key, whoever may see it
    :param create: the act; it stores ``body_hash`` with the document
    :raises KeyConflict: the key is taken by other content
    """
    found = find()
    if found is None:
        try:
            return Entered(create(), True)
        except (IntegrityError, Conflict):
            # Somebody stored the same key between our look and our write.
            found = find()
            if found is None:
                raise
    if found.creation_hash != body_hash:
        raise KeyConflict
    return Entered(found, False)


def creation_answer(body: dict[str, Any], *, is_new: bool) -> Response:
    """201 for a document made just now, 200 and a header for one that was there."""
    if is_new:
        return Response(body, status=status.HTTP_201_CREATED)
    return Response(body, headers=REPLAYED)


def fingerprint(request: HttpRequest) -> str:
    """What makes two requests the same: method, address, body."""
    parts = (request.method or "", request.get_full_path(), "")
    return hashlib.sha256("\n".join(parts).encode() + request.body).hexdigest()


def answer_once(
    request: Request,
    *,
    key: str,
    act: Callable[[], Response],
    refuse: Callable[[Exception], Response],
    told_once: Collection[str] = (),
) -> Response:
    """Answer a request that carries an ``Idempotency-Key``.

    The key is stored in the act's own transaction: who comes second waits for the first on the unique index and
    then gets the stored answer. A refused request keeps nothing, so that it may be sent again once mended.

    :param act: the view's own work
    :param refuse: turns what it raises into an answer, or raises it again
    :param told_once: fields of the answer that are secrets: they are not kept, and null when it is asked for again
    :raises KeyConflict: the key was used for another request
    """
    if not 0 < len(key) <= LONGEST_KEY or not key.isprintable():
        raise Invalid(errors={HEADER: [_("At most 200 printable characters.")]})
    return _answer_once(request, key, fingerprint(request._request), act, refuse, told_once)


@retrying
def _answer_once(
    request: Request,
    key: str,
    print_of_request: str,
    act: Callable[[], Response],
    refuse: Callable[[Exception], Response],
    told_once: Collection[str],
) -> Response:
    now = timezone.now()
    user_id = request.user.pk or 0
    mine = IdempotencyKey.objects.filter(user_id=user_id)
    with transaction.atomic():
        mine.filter(created_at__lt=now - KEPT).delete()
        row = IdempotencyKey(user_id=user_id, key=key, fingerprint=print_of_request, created_at=now)
        IdempotencyKey.objects.bulk_create([row], ignore_conflicts=True)
        stored = mine.get(key=key)
        if stored.fingerprint != print_of_request:
            raise KeyConflict
        if stored.status is not None:
            return Response(stored.body, status=stored.status, headers=REPLAYED)
        try:
            answer = act()
        except Exception as error:
            if isinstance(error, Moved) or is_collision(error):
                raise  # the whole request starts over
            answer = refuse(error)
        if answer.status_code >= status.HTTP_400_BAD_REQUEST:
            stored.delete()
        else:
            stored.status = answer.status_code
            body = json.loads(JSONRenderer().render(answer.data) or b"null")
            if told_once and isinstance(body, dict):
                body |= dict.fromkeys(body.keys() & set(told_once))
            stored.body = body
            stored.save(update_fields=["status", "body"])
    return answer
