"""Links that open one thing to somebody without an account: unguessable, signed, expiring, revocable, logged.

An application makes a model of ``SecureLink`` with a foreign key to what the link opens, and one of ``LinkAct``. Only
the digest of a link's secret is stored: whoever reads the database cannot open anything, and an address is shown once,
to whoever made it. ``o2c.shared.link_pages`` opens the pages.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, TypeVar

from django.conf import settings
from django.core.cache import cache
from django.core.signing import BadSignature, Signer
from django.db import IntegrityError, models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from . import audit
from .problems import Conflict, Invalid

SECRET_BYTES: Final = 24
LIFETIME_DAYS: Final = 30
LONGEST_DAYS: Final = 90


class Why(models.TextChoices):
    """Why a link opens nothing; the person is told the same each time, the journal keeps which it was."""

    ALTERED = "altered", _("guessed or altered")
    UNKNOWN = "unknown", _("there is no such link")
    EXPIRED = "expired", _("its time is over")
    REVOKED = "revoked", _("it was revoked")
    OF_ANOTHER = "of_another", _("asked for something it does not open")
    TOO_OFTEN = "too_often", _("used too often")


class LinkRefused(Exception):
    """A link opens nothing, or not what was asked for.

    :ivar why: for the journal alone
    :ivar link: where it is known
    """

    def __init__(self, why: Why, link: SecureLink | None = None) -> None:
        self.why, self.link = why, link
        super().__init__(why)


class LinkEnded(Conflict):
    code = "link_ended"
    message = _("This link has ended already.")


class SecureLink(models.Model):
    """A link as it is stored.

    :cvar scope: what links of this kind open; a link of one scope is none of another
    :ivar digest: SHA-256 of the secret
    :ivar sent_to: the address it went to; empty where somebody copied it
    :ivar created_by: None where the portal itself sent it with a letter
    """

    scope: ClassVar[str] = ""

    digest = models.CharField(max_length=64, unique=True, editable=False)
    sent_to = models.CharField(max_length=254, blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="%(app_label)s_%(class)s_lasts_a_while"
            ),
            models.CheckConstraint(
                condition=Q(expires_at__lte=F("created_at") + timedelta(days=LONGEST_DAYS)),
                name="%(app_label)s_%(class)s_expires",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at=None) | Q(revoked_by__isnull=False),
                name="%(app_label)s_%(class)s_revoked_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scope}-link:{self.pk}"

    @property
    def label(self) -> str:
        """What it opens, as the journal names it."""
        raise NotImplementedError

    @property
    def spoken(self) -> str:
        """The language of whoever opens it: ``fr`` or ``en``."""
        raise NotImplementedError

    def is_alive(self, at: datetime) -> bool:
        """Whether it still opens."""
        return self.revoked_at is None and self.expires_at > at


class LinkAct(models.Model):
    """An act done through a link, once per ``key``: the page that was drawn carries one, so that sending it twice
    does it once. A model adds ``link`` and what came of the act."""

    key = models.UUIDField()
    kind = models.CharField(max_length=20)
    at = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


L = TypeVar("L", bound=SecureLink)
A = TypeVar("A", bound=LinkAct)


def new_link(link: L, *, days: int = LIFETIME_DAYS) -> str:
    """Give a link its secret and its end, store it, and return the token that opens it: there is no second chance.

    :param link: not stored yet, with ``created_at``
    :raises Invalid: longer than a link may live
    """
    if not 1 <= days <= LONGEST_DAYS:
        raise Invalid(errors={"days": [_("A link lives from 1 to %(most)s days.") % {"most": LONGEST_DAYS}]})
    secret = secrets.token_urlsafe(SECRET_BYTES)
    link.digest = _digest(secret)
    link.expires_at = link.created_at + timedelta(days=days)
    link.save(force_insert=True)
    return _signer(link.scope).sign(secret)


def open_link(model: type[L], token: str, *, at: datetime) -> L:
    """The link that a token opens.

    :raises LinkRefused: altered or guessed, not known, expired or revoked
    """
    try:
        secret = _signer(model.scope).unsign(token)
    except BadSignature as error:
        raise LinkRefused(Why.ALTERED) from error
    link = model._default_manager.filter(digest=_digest(secret)).first()
    if link is None:
        raise LinkRefused(Why.UNKNOWN)
    if link.revoked_at is not None:
        raise LinkRefused(Why.REVOKED, link)
    if link.expires_at <= at:
        raise LinkRefused(Why.EXPIRED, link)
    return link


def revoke(link: L, *, by: Any, at: datetime) -> L:
    """End a link, locked by the caller; from now on it opens nothing.

    :raises LinkEnded: it was revoked, or has expired
    """
    if not link.is_alive(at):
        raise LinkEnded
    link.revoked_at, link.revoked_by = at, by
    link.save(update_fields=["revoked_at", "revoked_by"])
    record(link, "revoked", by=by, at=at)
    return link


def once(act: A) -> tuple[A, bool]:
    """Store an act before it is done, inside its transaction, or find the one with its key.

    Whoever sends the same key meanwhile waits here until the first is done.

    :param act: not stored yet, with its ``link``
    :returns: the row, and whether it is to be done now
    """
    try:
        with transaction.atomic():
            act.save(force_insert=True)
    except IntegrityError:
        found = type(act)._default_manager.filter(link=act.link, key=act.key).first()  # type: ignore[attr-defined]
        if found is None:
            raise
        return found, False
    return act, True


def key_of(text: str) -> uuid.UUID:
    """The key of a page as it was sent back.

    :raises Invalid: it is none
    """
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise Invalid(_("This page is out of date. Open the link again.")) from error


def record(link: SecureLink, done: str, *, by: Any = None, at: datetime, **after: Any) -> None:
    """Write into the journal what was done with a link: ``link.opened``, ``link.refused``, ``link.made``."""
    known = link.pk is not None
    audit.record(
        f"link.{done}",
        link,
        by=by,
        at=at,
        label=link.label if known else link.scope,
        company_id=getattr(link, "company_id", None),
        account_id=getattr(link, "account_id", None),
        after=after or None,
    )


@contextmanager
def acting_through(link: SecureLink) -> Iterator[None]:
    """What is done inside by nobody with an account stands in the journal as done through this link."""
    token = audit.request_facts.set(replace(audit.request_facts.get(), through=str(link)))
    try:
        yield
    finally:
        audit.request_facts.reset(token)


def within(name: str, *, most: int, seconds: int) -> bool:
    """Count one more of something; False when there were more than ``most`` in these seconds."""
    key = f"links:{name}"
    cache.add(key, 0, seconds)
    try:
        count = int(cache.incr(key))
    except ValueError:  # it ran out between the two
        return True
    return count <= most


def _signer(scope: str) -> Signer:
    return Signer(salt=f"o2c.links.{scope}", sep=".")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
