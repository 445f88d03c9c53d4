"""The last day on which what is owed can be claimed in court, as whoever collects knows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string


def limitation_of(items: Sequence[Any]) -> dict[int, date]:
    """The last day for each item that is owed and open, by key, in two queries (``settings.ITEM_LIMITATION``).

    :param items: with ``account`` fetched and ``open_on``
    """
    owed = [item for item in items if item.open_on > 0]
    known: Callable[[Sequence[Any]], dict[int, date]] = import_string(settings.ITEM_LIMITATION)
    return known(owed) if owed else {}
