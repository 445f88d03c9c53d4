"""The client's own link: a page without an account for one client, and what was done through it (features I2)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from accounts.models import Company, CustomerAccount, User, documents_of
from disputes.models import Dispute
from o2c.shared.links import LinkAct, SecureLink
from orders.paper import language_of

from .promise_models import PromiseToPay
from .run_models import Reminder


class ClientLinkQuerySet(models.QuerySet["ClientLink"]):
    """Chainable readings of links."""

    def visible_to(self, user: User, company: Company | None = None) -> ClientLinkQuerySet:
        """Links of the clients this user may see."""
        return self.filter(documents_of(user, company))


class ClientLinkManager(models.Manager.from_queryset(ClientLinkQuerySet)):  # type: ignore[misc]
    """Links with their client at hand."""

    def get_queryset(self) -> ClientLinkQuerySet:
        """Return them all."""
        found: ClientLinkQuerySet = super().get_queryset()
        return found.select_related("account__company", "account__entity")


class ClientLink(SecureLink):
    """A link that opens one client's statement, invoices, promises and disputes.

    :ivar reminder: the letter it went with
    """

    scope: ClassVar[str] = "client"

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="links")
    reminder = models.ForeignKey(
        Reminder, null=True, blank=True, on_delete=models.PROTECT, related_name="links"
    )

    objects = ClientLinkManager()

    class Meta(SecureLink.Meta):
        ordering: ClassVar = ["-created_at", "-pk"]
        indexes: ClassVar = [models.Index(fields=["account", "-created_at"], name="client_link_by_account")]

    @property
    def label(self) -> str:
        """The client's code."""
        return str(self.account.code)

    @property
    def spoken(self) -> str:
        """The language of the client's papers."""
        return language_of(self.account)


class ClientLinkAct(LinkAct):
    """A promise or a dispute that a client made through its link."""

    PROMISE: ClassVar[str] = "promise"
    DISPUTE: ClassVar[str] = "dispute"

    link = models.ForeignKey(ClientLink, on_delete=models.PROTECT, related_name="acts")
    promise = models.OneToOneField(
        PromiseToPay, null=True, blank=True, on_delete=models.PROTECT, related_name="link_act"
    )
    dispute = models.OneToOneField(
        Dispute, null=True, blank=True, on_delete=models.PROTECT, related_name="link_act"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["link", "key"], name="client_link_act_once_per_key"),
            models.CheckConstraint(
                condition=Q(promise=None) | Q(dispute=None), name="client_link_act_one_thing"
            ),
        ]
