"""Why a reminder reaches nobody, where that is mended and how, as pages say it."""

from __future__ import annotations

from typing import Final, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .enums import Unreached
from .queries.contacts import Finding

_REMEDIES: Final[dict[Unreached, str | Promise]] = {
    Unreached.NO_EMAIL: gettext_lazy("Enter an e-mail address among the contacts of the client."),
    Unreached.NO_NUMBER: gettext_lazy("Enter a mobile number among the contacts of the client."),
    Unreached.NOT_A_NUMBER: gettext_lazy(
        "Write it as 06 12 34 56 78, or with its country: +32 470 12 34 56."
    ),
    Unreached.NOT_A_MOBILE: gettext_lazy("Enter a mobile number: in France it begins with 06 or 07."),
    Unreached.NO_STREET: gettext_lazy("Complete the address of the client."),
    Unreached.NO_CITY: gettext_lazy("Complete the address of the client."),
    Unreached.NO_POSTCODE: gettext_lazy("Complete the address of the client."),
    Unreached.BAD_POSTCODE: gettext_lazy("Correct the postcode of the client."),
    Unreached.TOO_LONG: gettext_lazy("Shorten the name or the street: a line has 38 signs."),
    Unreached.CAME_BACK: gettext_lazy("Ask the client for the right one and correct it."),
}


class Said(NamedTuple):
    """A finding in words.

    :ivar place: the contact or address it is about, empty where there is none
    :ivar may_trust: somebody may know better: that number or address is right
    """

    problem: str
    place: str
    remedy: str
    may_trust: bool = False


def finding(found: Finding, *, is_mended: bool = False) -> Said:
    """Say a finding.

    :param is_mended: number or address have been mended since
    """
    remedy = _("It is mended: try again.") if is_mended else str(_REMEDIES[found.problem])
    return Said(str(found.problem.label), found.place, remedy, bool(found.to))
