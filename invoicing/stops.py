"""Whether somebody may be reminded on a day: the stops in force, of an item or of its whole client."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef, Q

from accounts.models import CustomerAccount

from .models import DunningStop, ReceivableItem


@dataclass(frozen=True, slots=True)
class Stops:
    """The stops in force of one item: its own, and that of its client."""

    of_item: DunningStop | None = None
    of_client: DunningStop | None = None

    @property
    def flags(self) -> list[str]:
        """As ``items/`` writes them."""
        named = {"stopped": self.of_item, "client_stopped": self.of_client}
        return [flag for flag, stop in named.items() if stop is not None]


def in_force(on: date) -> Q:
    """Stops that hold on a day."""
    return Q(starts_on__lte=on, until__gte=on) & (Q(ended_on=None) | Q(ended_on__gt=on))


def stopped(on: date) -> Exists:
    """Whether an item may not be reminded of on a day, for filters and annotations of items.

    ``items.exclude(stopped(on))`` are those that may; ``items.annotate(is_stopped=stopped(on))`` tells.
    """
    own_or_clients = Q(item=OuterRef("pk")) | Q(item=None, account=OuterRef("account"))
    return Exists(DunningStop.objects.filter(in_force(on), own_or_clients))


def client_stopped(on: date) -> Exists:
    """The same for a client as a whole, for filters and annotations of accounts."""
    return Exists(DunningStop.objects.filter(in_force(on), item=None, account=OuterRef("pk")))


def stops_of(items: Iterable[ReceivableItem], *, on: date) -> dict[int, Stops]:
    """The stops of items on a day, by their keys, in one statement; every item has an entry."""
    rows = list(items)
    keys, accounts = {item.pk for item in rows}, {item.account_id for item in rows}
    found = DunningStop.objects.filter(in_force(on)).filter(
        Q(item__in=keys) | Q(item=None, account__in=accounts)
    )
    own: dict[int, DunningStop] = {}
    whole: dict[int, DunningStop] = {}
    for stop in found.select_related("stopped_by"):
        if stop.item_id is None:
            whole[stop.account_id] = stop
        else:
            own[stop.item_id] = stop
    return {item.pk: Stops(own.get(item.pk), whole.get(item.account_id)) for item in rows}


def stop_of_client(account: CustomerAccount, *, on: date) -> DunningStop | None:
    """The stop of a client as a whole on a day."""
    return (
        DunningStop.objects.filter(in_force(on), item=None, account=account)
        .select_related("stopped_by")
        .first()
    )
