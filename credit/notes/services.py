"""Notes written, corrected and withdrawn; what they say is never changed (domain.md 10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.models import CustomerAccount, User
from o2c.shared import audit, work
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.problems import Conflict, Invalid, NotAllowed, NotFound, Refusal

from .enums import NoteKind, NoteTopic, NoteWeight
from .models import ClientNote
from .policy import LONGEST, Risky, may_take_back, raises_alert, risky_words, tells_team
from .queries import RESTRICTED, WRITE, notes_visible


class NoteKeyTaken(Conflict):
    code = "key_conflict"
    message = _("Another note came with this key already.")


class NoteGone(Conflict):
    code = "wrong_state"
    message = _("This note was withdrawn or corrected meanwhile.")


class RiskyWords(Refusal):
    """Words that a note should not hold, and nobody has confirmed yet that they are factual and needed."""

    code = "risky_words"

    def __init__(self, found: tuple[Risky, ...]) -> None:
        self.found = found
        named = ", ".join(
            gettext("“%(word)s” (%(kind)s)") % {"word": risky.word, "kind": risky.kind.label}
            for risky in found
        )
        message = ngettext(
            "This word may not belong in a note on a client: %(words)s. Say it otherwise, or confirm that it is factual"
            " and needed.",
            "These words may not belong in a note on a client: %(words)s. Say it otherwise, or confirm that they are"
            " factual and needed.",
            len(found),
        ) % {"words": named}
        super().__init__(message, errors={"text": [message]})


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a note says.

    :ivar topic: of market information alone
    :ivar seen_on: the day it was seen, heard or published
    :ivar url: an address of the web, http or https
    """

    kind: NoteKind
    text: str
    seen_on: date
    topic: NoteTopic | str = ""
    weight: NoteWeight = NoteWeight.NEUTRAL
    source: str = ""
    url: str = ""

    def tidied(self) -> Mapping[str, Any]:
        """As it is stored: without blanks around, without the topic of another kind."""
        return {
            "kind": NoteKind(self.kind),
            "topic": self.topic if self.kind == NoteKind.MARKET else "",
            "weight": NoteWeight(self.weight),
            "seen_on": self.seen_on,
            "text": self.text.replace("\r\n", "\n").strip(),
            "source": self.source.strip(),
            "url": self.url.strip(),
        }


@retrying
def write_note(
    *,
    account_id: int,
    content: Content,
    by: User,
    at: datetime,
    key: UUID | None = None,
    confirmed: bool = False,
    supersedes_id: int | None = None,
) -> ClientNote:
    """Write a note on a client; its team is told where it comes from outside or worries.

    :param key: of the form or request: the same note under the same key is written once
    :param confirmed: the author says that the risky words are factual and needed; they are kept with the note
    :param supersedes_id: the note that this one corrects
    :raises NotFound: no client, or no such note, that this user may see
    :raises NotAllowed: without the right to write, or to correct this note
    :raises Invalid: nothing said, too much, a day to come, an address that is none
    :raises RiskyWords: words to be said otherwise or confirmed
    :raises NoteGone: what it corrects was withdrawn or corrected meanwhile
    :raises NoteKeyTaken: the key came with another note
    """
    account = _account(account_id, by)
    given = content.tidied()
    if not by.may(WRITE, account.company_id):
        raise NotAllowed
    if given["kind"] == NoteKind.RESTRICTED and not by.may(RESTRICTED, account.company_id):
        raise NotAllowed
    _check(given, paris_date(at))
    found = risky_words(" ".join((given["text"], given["source"])))
    if found and not confirmed:
        raise RiskyWords(found)
    note = ClientNote(
        account=account,
        **given,
        risky_words=[risky.word[:60] for risky in found],
        key=key or uuid4(),
        supersedes_id=supersedes_id,
        written_by=by,
        written_at=at,
    )
    with transaction.atomic():
        if (known := _known(note)) is not None:
            return known
        before = _taken_back(supersedes_id, by) if supersedes_id is not None else None
        if before is not None and before.account_id != account.pk:
            raise NotFound
        try:
            with transaction.atomic():
                note.save(force_insert=True)
        except IntegrityError:
            # The same form, sent twice at the same moment: the other one was faster.
            if (known := _known(note)) is None:
                raise
            return known
        _record("client_note.written", note, by, at, after={"supersedes": supersedes_id})
        if tells_team(note.kind, note.weight):
            work.emit("client_note.written", f"note:{note.pk}", {"note_id": note.pk})
        _look_again(*filter(None, (note, before)))
    return note


@retrying
def withdraw_note(*, note_id: int, reason: str, by: User, at: datetime) -> ClientNote:
    """Take a note back, with a reason; it stays for those who must know. Once more changes nothing.

    :raises NotFound: no note this user may see
    :raises NotAllowed: neither its author nor credit management, or without the right to write
    :raises Invalid: without a reason, or a long one
    :raises NoteGone: it was corrected by another
    """
    if not by.may(WRITE):
        raise NotAllowed
    words = reason.strip()
    if not words:
        raise Invalid(_("Say why."), errors={"reason": [_("A reason is required.")]})
    if len(words) > 300:
        raise Invalid(errors={"reason": [_("At most 300 letters.")]})
    with transaction.atomic():
        note = _taken_back(note_id, by, again=True)
        if note.withdrawn_at is not None:
            return note
        note.withdrawn_at, note.withdrawn_by, note.withdraw_reason = at, by, words
        note.save(update_fields=["withdrawn_at", "withdrawn_by", "withdraw_reason"])
        _record("client_note.withdrawn", note, by, at)
        _look_again(note)
    return note


def _account(account_id: int, by: User) -> CustomerAccount:
    clients = CustomerAccount.objects.visible_to(by).select_related("company")
    found = clients.filter(pk=account_id).first()
    if found is None:
        raise NotFound
    return found


def _check(given: Mapping[str, Any], today: date) -> None:
    errors: dict[str, list[Any]] = {}
    if not given["text"]:
        errors["text"] = [_("Write something.")]
    elif len(given["text"]) > LONGEST:
        errors["text"] = [_("At most 2,000 letters.")]
    if given["seen_on"] > today:
        errors["seen_on"] = [_("This day is still to come.")]
    if given["kind"] == NoteKind.MARKET and given["topic"] not in NoteTopic.values:
        errors["topic"] = [_("Say what it is about.")]
    if len(given["source"]) > 150:
        errors["source"] = [_("At most 150 letters.")]
    if given["url"] and not _of_the_web(given["url"]):
        errors["url"] = [_("Write an address that begins with https:// or http://.")]
    if errors:
        raise Invalid(errors=errors)


def _of_the_web(address: str) -> bool:
    if len(address) > 500 or any(letter.isspace() for letter in address):
        return False
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return (
        parts.scheme in {"http", "https"}
        and address.startswith(("http://", "https://"))
        and bool(parts.hostname)
    )


_SAYS = (
    "account_id",
    "kind",
    "topic",
    "weight",
    "seen_on",
    "text",
    "source",
    "url",
    "supersedes_id",
    "written_by_id",
)


def _known(note: ClientNote) -> ClientNote | None:
    """The note that came with this key before."""
    known = ClientNote.objects.filter(key=note.key).first()
    if known is not None and any(getattr(known, name) != getattr(note, name) for name in _SAYS):
        raise NoteKeyTaken
    return known


def _taken_back(note_id: int, by: User, *, again: bool = False) -> ClientNote:
    """The note under its lock, for who may correct or withdraw it.

    :param again: one that is withdrawn already is given as well
    """
    seen = notes_visible(by).filter(pk=note_id).values("pk")
    rows = ClientNote.objects.filter(pk__in=seen).select_for_update(of=("self",), no_key=True)
    note = rows.select_related("account").first()
    if note is None:
        raise NotFound
    manages = by.may(RESTRICTED, note.account.company_id)
    if not by.may(WRITE, note.account.company_id) or not may_take_back(
        is_author=note.written_by_id == by.pk, manages_credit=manages
    ):
        raise NotAllowed
    corrected = ClientNote.objects.filter(supersedes=note).exists()
    if corrected or (note.withdrawn_at is not None and not again):
        raise NoteGone
    return note


def _look_again(*notes: ClientNote) -> None:
    """Have the alerts of the client looked at where what worries came or went."""
    if any(raises_alert(note.kind, note.weight) for note in notes):
        work.emit("client_note.weighed", uuid4().hex, {"account_ids": [notes[0].account_id]})


def _record(
    action: str, note: ClientNote, by: User, at: datetime, *, after: Mapping[str, Any] | None = None
) -> None:
    """The trace of an act: what kind of note, never what it says; of a restricted one not in the client's timeline."""
    told = {
        "note": note.pk,
        "note_kind": note.kind,
        "topic": note.topic,
        "weight": note.weight,
        **(after or {}),
    }
    made = audit.event(
        action,
        note,
        by=by,
        at=at,
        label=note.account.code,
        company_id=note.account.company_id,
        after={name: value for name, value in told.items() if value},
    )
    if note.kind == NoteKind.RESTRICTED:
        made.account_id = None
    audit.record_many([made])
