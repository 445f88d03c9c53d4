"""Addresses made of natural keys."""

from __future__ import annotations

from typing import Final

from rest_framework.routers import DynamicRoute, Route, SimpleRouter

# Keys of rows that have no natural one.
ROW_ID: Final = "[0-9]{1,18}"
_MANY, _MANY_ACTIONS, _ONE, _ONE_ACTIONS = SimpleRouter.routes
_LONGEST_FIRST: Final[list[Route | DynamicRoute]] = [_MANY, _MANY_ACTIONS, _ONE_ACTIONS, _ONE]


class KeyRouter(SimpleRouter):
    """Routes by natural keys, in which a slash may stand (``2026/00123``): longer addresses are tried first."""

    routes = _LONGEST_FIRST

    def __init__(self) -> None:
        super().__init__()
        self._default_value_pattern = ".+?"
