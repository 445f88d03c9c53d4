"""The refusals every act may raise; views and the API translate them, the acts never speak HTTP.

An application names its own refusal beside the act that raises it::

    class HoldAlreadyLifted(Conflict):
        code = "hold_already_lifted"
        message = _("Somebody has lifted this hold already.")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Refusal(Exception):
    """An anticipated "no": nothing was written, and the person is told why and what to do.

    :ivar code: stable word for programs, such as ``over_allocated``
    :ivar message: one sentence for people, translated when it is shown
    :ivar errors: messages per field of the input
    :ivar findings: the findings of a check, in the shape of the contract
    :ivar required_role: the role that may do what this person may not
    :ivar status: the HTTP status the edges answer with
    """

    status: ClassVar[int] = 422
    code: str = "refused"
    message: str | Promise = _("This cannot be done.")

    def __init__(
        self,
        message: str | Promise | None = None,
        *,
        code: str | None = None,
        errors: Mapping[str, Sequence[str | Promise]] | None = None,
        findings: Sequence[Any] = (),
        required_role: str | None = None,
    ) -> None:
        if message is not None:
            self.message = message
        if code is not None:
            self.code = code
        self.errors: dict[str, list[str | Promise]] = {
            field: list(messages) for field, messages in (errors or {}).items()
        }
        self.findings: tuple[Any, ...] = tuple(findings)
        self.required_role = required_role
        super().__init__(self.message)

    def __str__(self) -> str:
        return str(self.message)


class Invalid(Refusal):
    """The input itself cannot be read or lacks something: a wrong date, an empty comment (400)."""

    status = 400
    code = "invalid"
    message = _("Some of what was entered cannot be read.")


class NotAllowed(Refusal):
    """The person is known and sees the object, but may not do this to it (403).

    ``required_role`` names who may, where anybody may: too small an authority, four eyes.
    """

    status = 403
    code = "not_allowed"
    message = _("You may not do this.")


class NotFound(Refusal):
    """The object does not exist, or is not the person's to see: both look the same (404)."""

    status = 404
    code = "not_found"
    message = _("There is nothing here under this name.")


class Conflict(Refusal):
    """The object is not in the state the act needs, was changed meanwhile, or its key is taken (409)."""

    status = 409
    code = "conflict"
    message = _("This has changed in the meantime. Reload and try again.")


class RuleRefused(Refusal):
    """The input is readable and the state is right, but a rule of the business says no (422).

    ``findings`` carries what the rule found, with its figures.
    """

    status = 422
    code = "rule_refused"
    message = _("A rule refuses this.")
