"""The shape of what a payment may settle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from rest_framework import serializers

from accounts.models import CustomerAccount
from credit.queries import money
from invoicing.matching import wording
from invoicing.matching.facts import Line, Proposal, Rules, Why
from invoicing.matching.policy import automatic
from invoicing.models import Payment
from o2c.shared.api.bodies import amount_field
from o2c.shared.money import ZERO

from .payment_shapes import MatchLine
from .serializers import Shape

# The items of the surest proposal stand beside the list as well: whoever asks for no more takes them as they are.
_NAMED: Final = frozenset({Why.CITED, Why.CITED_LOOSELY, Why.REFERENCE})
_WORTH_TAKING: Final = 0.5


class ProposedItem(MatchLine):
    """An amount for one item; ``discount`` and ``write_off`` are let go with it."""

    document = serializers.CharField()
    account = serializers.CharField()
    due_date = serializers.DateField()
    open_amount = amount_field()
    reason = serializers.ChoiceField(["named", "same_amount"])
    discount = amount_field()
    write_off = amount_field()


class ReasonShape(Shape):
    """One reason for a proposal, or against it."""

    code = serializers.ChoiceField([why.value for why in Why])
    message = serializers.CharField()


class ProposalShape(Shape):
    """One way to match a payment: ``score`` is between 0 and 1, ``left`` stays of the payment."""

    score = serializers.CharField()
    automatic = serializers.BooleanField()
    account = serializers.CharField()
    title = serializers.CharField()
    reasons = ReasonShape(many=True)
    items = ProposedItem(many=True)
    left = amount_field()
    over = amount_field()


class ProposalAnswer(Shape):
    """Proposals, the surest first, and the items of that one; nothing is stored."""

    items = ProposedItem(many=True)
    proposals = ProposalShape(many=True)
    unallocated_amount = amount_field()


def proposal_answer(payment: Payment, proposals: Sequence[Proposal], rules: Rules) -> dict[str, Any]:
    """What a payment may settle, as the API shows it; one query for the codes of the clients."""
    wanted = {line.item.account_id for each in proposals for line in each.lines}
    wanted |= {each.account_id for each in proposals}
    codes = dict(CustomerAccount.objects.filter(pk__in=wanted).values_list("pk", "code"))
    chosen = automatic(proposals, rules)
    shown = [_proposal(each, payment.currency, codes, is_chosen=each is chosen) for each in proposals]
    first = shown[0]["items"] if proposals and proposals[0].score >= _WORTH_TAKING else []
    return {"items": first, "proposals": shown}


def _proposal(proposal: Proposal, currency: str, codes: dict[int, str], *, is_chosen: bool) -> dict[str, Any]:
    named = any(reason.why in _NAMED for reason in proposal.reasons)
    words = wording.reasons_in_words(proposal.reasons, currency)
    return {
        "score": f"{proposal.score:.2f}",
        "automatic": is_chosen,
        "account": codes[proposal.account_id],
        "title": wording.title(proposal),
        "reasons": [
            {"code": reason.why.value, "message": message}
            for reason, message in zip(proposal.reasons, words, strict=True)
        ],
        "items": [_item(line, codes, named=named) for line in proposal.lines],
        "left": money(proposal.left),
        "over": money(proposal.over or ZERO),
    }


def _item(line: Line, codes: dict[int, str], *, named: bool) -> dict[str, Any]:
    return {
        "item": line.item.key,
        "amount": money(line.amount),
        "document": line.item.document,
        "account": codes[line.item.account_id],
        "due_date": line.item.due_date,
        "open_amount": money(line.item.open_amount),
        "reason": "named" if named else "same_amount",
        "discount": money(line.discount),
        "write_off": money(line.write_off),
    }
