"""What clients think of us, as they said on the phone (domain.md 7.5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final, NamedTuple

from accounts.models import Company, User
from credit.alerts.facts import Event
from dunning.enums import CallTopic
from dunning.models import Call
from dunning.policy import DISPLEASED, topic_of
from o2c.shared.calendar import add_business_days, paris_date
from o2c.shared.money import ZERO

# Whoever looks after the client calls within so many business days.
ANSWER_DAYS: Final = 2


class Answer(NamedTuple):
    """A score that somebody at a client gave, from 1 to 5, and what it was about."""

    code: str
    name: str
    topic: CallTopic
    score: int


def answers_between(user: User, company: Company, first: date, last: date) -> list[Answer]:
    """The scores of a span of days, both included, with the clients this user may see."""
    rows = Call.objects.visible_to(user, company).filter(
        company=company, satisfaction__isnull=False, made_at__date__gte=first, made_at__date__lte=last
    )
    columns = ("account__code", "account__name", "topic", "satisfaction")
    return [
        Answer(code, name, topic_of(topic), score)
        for code, name, topic, score in rows.order_by("made_at", "pk").values_list(*columns)
    ]


def displeased(*, account_ids: Sequence[int], since: date, on: date) -> Iterator[Event]:
    """Low scores of late, each until somebody has called the client (``settings.ALERT_EVENTS``)."""
    rows = Call.objects.filter(
        account__in=account_ids, satisfaction__lte=DISPLEASED, made_at__date__gt=since, made_at__date__lte=on
    ).order_by("pk")
    for call in rows.select_related("account"):
        day = paris_date(call.made_at)
        figures = {"score": call.satisfaction, "day": day, "topic": topic_of(call.topic).value}
        until = add_business_days(day, ANSWER_DAYS)
        yield Event(call.account_id, str(call.pk), ZERO, call.account.currency, figures, until)
