"""What acts on orders may refuse, with the codes the API shows."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from o2c.shared.problems import Conflict, Invalid, NotAllowed, NotFound, RuleRefused


class WrongState(Conflict):
    """The order is not in a state this act starts from."""

    code = "wrong_state"
    message = _("This order is not in a state that allows it.")


class ChangedMeanwhile(Conflict):
    """Somebody changed the order after it was read."""

    code = "changed_meanwhile"
    message = _("Somebody has changed this order meanwhile. Reload it and look again.")


class NumberTaken(Conflict):
    """The company has an order with this number already."""

    code = "key_conflict"
    message = _("There is already an order with this number.")


class AlreadyHeld(Conflict):
    """Somebody holds this order by hand already."""

    code = "already_held"
    message = _("This order is already held by hand.")


class AccountNotActive(Conflict):
    """The account is not open for orders on credit."""

    code = "account_not_active"
    message = _("This account is not active: only orders paid in advance are accepted.")


class BelowDelivered(RuleRefused):
    """A change would go below what is delivered or invoiced."""

    code = "below_delivered"
    message = _("A quantity cannot go below what has been delivered or invoiced.")


class TooMuch(RuleRefused):
    """More than what remains would be delivered or returned."""

    code = "quantity_exceeded"
    message = _("This is more than what remains.")


class HeldAgain(RuleRefused):
    """The re-check at this step holds the order: nothing was booked."""

    code = "held_at_recheck"
    message = _("The check at this step holds the order. Nothing has been booked.")


class AuthorityExceeded(NotAllowed):
    """Above what this person may decide; ``required_role`` names who may."""

    code = "authority_exceeded"
    message = _("This is above your authority.")


class FourEyes(NotAllowed):
    """The submitter, the salesperson and whoever holds a bonus on the client do not decide."""

    code = "four_eyes"
    message = _("Somebody else must decide: you entered this order, asked for it or sell to this client.")


class CommentMissing(Invalid):
    """A decision needs its reason."""

    code = "comment_required"
    message = _("Say why: the reason is kept in the journal.")


class AlreadyRequested(Conflict):
    """An override of this order has been asked for and waits."""

    code = "already_requested"
    message = _("Somebody has asked already: the request waits for its answer.")


class FitsNow(Conflict):
    """Nothing of the check keeps the order any more."""

    code = "fits_now"
    message = _("Nothing keeps this order any more: it is about to go by itself.")


class OverrideUnknown(NotFound):
    """No such request, or its order is not this user's to see."""

    code = "override_request_not_found"
    message = _("There is no override request with this number.")


class DifferenceUnknown(Conflict):
    """Nothing differs at this place any more."""

    code = "difference_unknown"
    message = _("Nothing differs there any more.")


class QuotationEnded(Conflict):
    """The offer was refused, has run out, or is an order already."""

    code = "quotation_ended"
    message = _("This quotation has ended.")


class QuotationNumberTaken(Conflict):
    """The company has a quotation with this number already."""

    code = "key_conflict"
    message = _("There is already a quotation with this number.")


class OrderedAlready(Conflict):
    """The quotation became an order under another number."""

    code = "key_conflict"
    message = _("This quotation is an order already.")


class NothingAgreed(RuleRefused):
    code = "nothing_agreed"
    message = _(
        "Nothing is agreed with the client that this release could wait for: release the order, or agree first."
    )


class AgreedAlready(Conflict):
    code = "agreed_already"
    message = _("A measure of this kind is agreed for this order already.")


class DecidedAlready(Conflict):
    code = "decided_already"
    message = _("A release of this order waits for its conditions already.")
