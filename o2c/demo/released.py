"""Orders held and released months ago, and what became of them: most paid in time, some late or not yet."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import CustomerAccount
from invoicing import services as invoicing
from invoicing.outcomes.services import mark_releases
from orders import services as orders
from orders.models import Order
from orders.queries import shown_status

from .clients import PLAIN
from .present import Story

# Days after the due date on which the money came; None where it has not.
_CAME: tuple[int | None, ...] = (3, -1, 9, 34, 0, 12, None, 5, 41, 2)
_DECIDERS = ("credit", "analyst", "finance")
# Who is asked next where that is above a decider's authority.
_ABOVE = ("finance", "director")
# The first is so many days old, each other one some days younger: their invoices follow each other by date.
_OLDEST, _APART = 150, 5


def old_releases(story: Story) -> None:
    """Make them, in the order of their days."""
    numbers = range(PLAIN + 2, PLAIN + 2 + 2 * len(_CAME), 2)
    for place, (number, came) in enumerate(zip(numbers, _CAME, strict=True)):
        _release(story, story.client(number), place, came)


def judge_old_releases(story: Story) -> None:
    """Mark what is known of them by now, as each night does."""
    mark_releases(on=story.today)


def _release(story: Story, account: CustomerAccount, place: int, came: int | None) -> None:
    when = story.at - timedelta(days=_OLDEST - _APART * place)
    adv, decider = story.team["adv"], _DECIDERS[place % len(_DECIDERS)]
    order = story.order(account, 4, when)
    if shown_status(order) != "on_hold":
        orders.hold(
            order_id=order.pk,
            comment="Deux factures contestées par téléphone : à revoir avant de confirmer.",
            by=adv,
            at=when + timedelta(minutes=20),
        )
    if not any(_let_through(story, order, by, when + timedelta(hours=3)) for by in (decider, *_ABOVE)):
        # Nobody let it through: it does not wait for months.
        story.attempt(
            lambda: orders.refuse(
                order_id=order.pk,
                reason="Aucune solution trouvée avec le client.",
                by=story.team["director"],
                at=when + timedelta(days=1),
            )
        )
        return
    sent, billed = when + timedelta(days=2), when + timedelta(days=3)
    if not story.attempt(lambda: orders.deliver(order_id=order.pk, by=adv, at=sent)):
        return
    if not story.attempt(lambda: invoicing.issue_from_order(order_id=order.pk, by=adv, at=billed)):
        return
    item = account.items.filter(invoice__order=order).get()
    received = item.due_date + timedelta(days=came) if came is not None else None
    if received is None or received > story.today:
        return
    accountant = story.team["accountant"]
    at = story.at - (story.today - received)
    money = invoicing.record_payment(
        company=story.company,
        external_id=f"VIR-{received:%y%m%d}-{order.number}",
        account=account,
        received_on=received,
        amount=item.amount,
        currency=item.currency,
        method="transfer",
        reference=f"VIR {account.name.upper()} {item.document}",
        payer_name=account.name,
        by=accountant,
        at=at,
    )
    credit = account.items.get(payment=money)
    if credit.open_amount:
        invoicing.allocate(
            from_item_id=credit.pk, to_item_id=item.pk, amount=item.amount, by=accountant, at=at
        )


def _let_through(story: Story, order: Order, decider: str, at: datetime) -> bool:
    """A release by somebody; False where it is not theirs to decide."""
    return story.attempt(
        lambda: orders.release(
            order_id=order.pk,
            comment="Litige levé, règlement annoncé par la comptabilité du client.",
            by=story.team[decider],
            at=at,
        )
    )
