"""Clients to whom no e-invoice can be addressed: private people and clients abroad get the same page as plain PDF/A.

French e-invoicing concerns sales between VAT-registered businesses established in France; the others are reported,
not sent through platforms (domain.md 3.3). What keeps their document from being a Factur-X is only that the client
has no address in any directory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .checks import Failure
from .document import Party

# Rules that ask for the client's address on the platforms, or for the number behind it.
_ABOUT_THE_ADDRESS: Final = ("BR-FR-12",)


def plain_suffices(buyer: Party, broken: Sequence[Failure]) -> bool:
    """Whether a document breaks nothing but what a client without SIREN cannot have."""
    return (
        not buyer.siren and bool(broken) and all(each.rule.startswith(_ABOUT_THE_ADDRESS) for each in broken)
    )
