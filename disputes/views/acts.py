"""What people do on the page of a dispute: each form says one thing to the domain and keeps what was typed."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from o2c.shared.files import from_upload
from o2c.shared.problems import NotAllowed, NotFound, Refusal

from .. import services
from ..enums import Department, DisputeOutcome, DisputeStatus, DisputeType
from ..forms import (
    CommentForm,
    OwnerForm,
    ProposeForm,
    QualifyForm,
    ReasonForm,
    ResolveForm,
    SendLinkForm,
    VersionForm,
    WaitForm,
)
from ..models import Dispute
from ..services import links
from .page import DisputeView, put_on_form


class ActView(DisputeView):
    """A form of the page posted to its act.

    :cvar name: under which the page knows the form
    :cvar done: what is said afterwards
    """

    permission = "disputes.work"
    http_method_names = ["post", "options"]
    name: ClassVar[str] = ""
    done: ClassVar[str | Promise] = _("Done.")

    def post(self, request: HttpRequest, number: str) -> HttpResponseBase:
        """Do it, or draw the page with what stands against it."""
        dispute = self.find(number)
        form = self.form(dispute)
        if not form.is_valid():
            return self.show(dispute, status=422, **{self.name: form})
        try:
            changed = self.act(dispute, form.cleaned_data)
        except NotAllowed as refusal:
            raise PermissionDenied(str(refusal)) from refusal
        except Refusal as refusal:
            put_on_form(form, refusal)
            return self.show(self.find(number), status=refusal.status, **{self.name: form})
        messages.success(request, str(self.said(changed)))
        return redirect(dispute.get_absolute_url())

    def form(self, dispute: Dispute) -> Form:
        """The form with what was sent."""
        return VersionForm(self.request.POST, auto_id=f"{self.name}_%s")

    def act(self, dispute: Dispute, data: dict[str, Any]) -> Dispute:
        """Say it to the domain."""
        raise NotImplementedError

    def said(self, dispute: Dispute) -> str | Promise:
        """What is said afterwards."""
        return self.done

    def who(self, dispute: Dispute) -> dict[str, Any]:
        """The case, who and when."""
        return {"dispute_id": dispute.pk, "by": self.request.user, "at": timezone.now()}


class Qualify(ActView):
    """Say what it is, who answers, by when."""

    name, done = "qualify", _("The dispute is qualified; its owner is told.")

    def form(self, dispute: Dispute) -> Form:
        """The form with its owners."""
        return QualifyForm(self.request.POST, auto_id="qualify_%s", company_id=dispute.company_id)

    def act(self, dispute: Dispute, data: dict[str, Any]) -> Dispute:
        """Qualify it."""
        department = Department(data.pop("department")) if data["department"] else None
        kind = DisputeType(data.pop("type"))
        return services.qualify(**self.who(dispute), **data | {"department": department, "type": kind})


class Assign(ActView):
    """Give it to somebody else."""

    name, done = "assign", _("The new owner is told.")

    def form(self, dispute: Dispute) -> Form:
        """The form with its owners."""
        return OwnerForm(self.request.POST, auto_id="assign_%s", company_id=dispute.company_id)

    def act(self, dispute: Dispute, data: dict[str, Any]) -> Dispute:
        """Assign it."""
        return services.assign(**self.who(dispute), **data)


class Accept(ActView):
    """Take the case and its date on."""

    name, done = "accept", _("You have accepted the dispute and its date.")

    def act(self, dispute: Dispute, data: dict[str, Any]) -> Dispute:
        """Accept it."""
        return services.accept(**self.who(dispute), **data)


class Wait(ActView):
    """Note for whom it waits."""

    name, done = "wait", _("Noted. The clock goes on.")

    def form(self, dispute: Dispute) -> Form:
        """The form."""
        return WaitForm(self.request.POST, auto_id="wait_%s")

    def act(self, dispute: Dispute, data: dict[str, Any]) -> Dispute:
        """Note it."""
        for_client = data.pop("waits_for") == "client"
        return services.wait(**self.who(dispute), for_client=for_client, **data)


class Resume(ActView):
    """Go on with it."""

    name, done = "resume", _("The dispute is in progress again.")

    def act(self, dispute: Dispute, data: dict[str, Any]) -> Dispute:
        """Go on."""
        return services.resume(**self.who(dispute), **data)


class Propose(ActView):
    """Say how it should end."""

    name, done = "propose", _("Your proposal is with whoever decides.")

    def form(self, dispute: Dispute) -> Form:
        """The form."""
        return ProposeForm(self.request.POST, auto_id="propose_%s")

    def act(self, dispute: Dispute, data: dict[str, Any]) -> Dispute:
        """Propose it."""
        return services.propose(**self.who(dispute), **data)


class Comment(ActView):
    """Words or files for the history."""

    permission = "disputes.open"
    name, done = "comment", _("Added to the history.")

    def form(self, dispute: Dispute) -> Form:
        """The form with its files."""
        return CommentForm(self.request.POST, self.request.FILES, auto_id="comment_%s")

    def act(self, dispute: Dispute, data: dict[str, Any]) -> Dispute:
        """Add it."""
        files = tuple(from_upload(file, field="evidence") for file in data.pop("evidence") or ())
        return services.comment_on(**self.who(dispute), files=files, **data)


class SendLink(ActView):
    """Ask somebody without an account."""

    name = "link"

    def form(self, dispute: Dispute) -> Form:
        """The form."""
        return SendLinkForm(self.request.POST, auto_id="link_%s")

    def act(self, dispute: Dispute, data: dict[str, Any]) -> Dispute:
        """Send it, in the reader's own language."""
        self.sent_to = data["email"]
        links.send_link(**self.who(dispute), language=(get_language() or "fr")[:2], **data)
        return dispute

    def said(self, dispute: Dispute) -> str | Promise:
        """To whom it leaves."""
        return _("The link leaves to %(to)s.") % {"to": self.sent_to}


class RevokeLink(DisputeView):
    """End a link before its time."""

    permission = "disputes.work"
    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, number: str, pk: int) -> HttpResponseBase:
        """End it, or say why it has ended."""
        dispute = self.find(number)
        try:
            links.revoke_link(dispute_id=dispute.pk, link_id=pk, by=self.request.user, at=timezone.now())
        except NotAllowed as refusal:
            raise PermissionDenied(str(refusal)) from refusal
        except NotFound as unknown:
            raise Http404 from unknown
        except Refusal as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, str(_("The link opens nothing any more.")))
        return redirect(dispute.get_absolute_url())


class Resolve(ActView):
    """Decide it."""

    permission = "disputes.resolve"
    name = "resolve"

    def form(self, dispute: Dispute) -> Form:
        """The form."""
        return ResolveForm(self.request.POST, auto_id="resolve_%s", dispute=dispute)

    def act(self, dispute: Dispute, data: dict[str, Any]) -> Dispute:
        """Resolve it."""
        return services.resolve(**self.who(dispute), **data | {"outcome": DisputeOutcome(data["outcome"])})

    def said(self, dispute: Dispute) -> str | Promise:
        """What is done, or what it still waits for."""
        if dispute.status != DisputeStatus.RESOLVED:
            return _("The dispute is closed.")
        if services.waiting_credit(dispute) is not None:
            return _("Decided. The credit note waits for somebody with more authority.")
        return _("Decided. It is closed once the goods are back.")


class ReceiveGoods(ActView):
    """The goods are back."""

    permission = "disputes.resolve"
    name, done = "receive", _("The return is noted.")

    def act(self, dispute: Dispute, data: dict[str, Any]) -> Dispute:
        """Note it."""
        return services.receive_goods(**self.who(dispute), **data)


class Withdraw(ActView):
    """End it without an outcome."""

    permission = "disputes.open"
    name, done = "withdraw", _("The dispute is withdrawn.")

    def form(self, dispute: Dispute) -> Form:
        """The form."""
        return ReasonForm(self.request.POST, auto_id="withdraw_%s")

    def act(self, dispute: Dispute, data: dict[str, Any]) -> Dispute:
        """Withdraw it."""
        return services.withdraw(**self.who(dispute), **data)


class Reopen(ActView):
    """Open it again."""

    permission = "disputes.open"
    name, done = "reopen", _("The dispute is open again; this happens once.")

    def form(self, dispute: Dispute) -> Form:
        """The form."""
        return ReasonForm(self.request.POST, auto_id="reopen_%s")

    def act(self, dispute: Dispute, data: dict[str, Any]) -> Dispute:
        """Reopen it."""
        return services.reopen(**self.who(dispute), **data)
