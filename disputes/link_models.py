"""Links for colleagues who answer a dispute without an account (features I5)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from o2c.shared.links import LinkAct, SecureLink


class ResolverLink(SecureLink):
    """A link that opens one dispute to a colleague: its facts, evidence, clock and proposal.

    :ivar name: whose it is; what is done through it is told under this name
    """

    scope: ClassVar[str] = "dispute"

    dispute = models.ForeignKey("disputes.Dispute", on_delete=models.PROTECT, related_name="links")
    name = models.CharField(_("name"), max_length=120)
    language = models.CharField(max_length=2, default="fr")

    class Meta(SecureLink.Meta):
        ordering: ClassVar = ["-created_at", "-pk"]
        constraints: ClassVar = [
            *SecureLink.Meta.constraints,
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(sent_to="") & Q(created_by__isnull=False),
                name="resolver_link_is_somebodys",
            ),
        ]

    @property
    def label(self) -> str:
        """The number of the case."""
        return str(self.dispute.number)

    @property
    def spoken(self) -> str:
        """The language it was sent in."""
        return self.language

    @property
    def company_id(self) -> int:
        """Of the case."""
        return self.dispute.company_id

    @property
    def account_id(self) -> int:
        """Of the case."""
        return self.dispute.account_id


class ResolverLinkAct(LinkAct):
    """What a colleague did through a link."""

    link = models.ForeignKey(ResolverLink, on_delete=models.PROTECT, related_name="acts")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["link", "key"], name="resolver_link_act_once_per_key"),
        ]
