"""What the factories share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import factory

T = TypeVar("T")


class RowFactory(factory.django.DjangoModelFactory[T]):
    """Base of the factories: calling one makes and stores a row, typed as its model."""

    class Meta:
        abstract = True

    if TYPE_CHECKING:

        def __new__(cls, **fields: Any) -> T:  # type: ignore[misc]
            """Say what a call returns: the library's own metaclass does not."""
