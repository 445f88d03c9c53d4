"""The page of one dispute: facts, clock, lines, history, evidence, and the acts that start from its state."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.forms import Form
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views import View

from o2c.shared.problems import NotFound, Refusal
from o2c.shared.views import PermissionMixin

from .. import policy, queries, services
from ..enums import DisputeOutcome, DisputeStatus
from ..forms import (
    CommentForm,
    OwnerForm,
    ProposeForm,
    QualifyForm,
    ReasonForm,
    ResolveForm,
    SendLinkForm,
    WaitForm,
)
from ..models import Dispute, ResolverLink
from ..policy import Act
from ..tables import left_in_words
from ..waved import anomalies_behind
from .history import told


def put_on_form(form: Form, refusal: Refusal) -> None:
    """Put what a refusal says where it belongs: beside its fields, or above the form."""
    for name, said in refusal.errors.items():
        form.add_error(name if name in form.fields else None, [str(text) for text in said])
    if not refusal.errors:
        form.add_error(None, str(refusal))


def case_steps(dispute: Dispute) -> list[dict[str, Any]]:
    """The way of a case as five points: what is done, where it stands."""
    status = DisputeStatus(dispute.status)
    done = [
        True,
        dispute.owner_id is not None,
        dispute.first_answered_at is not None,
        bool(dispute.proposal) or status in policy.ENDED | {DisputeStatus.RESOLVED},
        status in policy.ENDED,
    ]
    owner = dispute.owner.label() if dispute.owner else ""
    words = [
        (_("Opened"), dispute.opened_on, dispute.opened_by.label() if dispute.opened_by else ""),
        (str(DisputeStatus.QUALIFIED.label), None, owner),
        (_("First answer"), None if done[2] else dispute.first_answer_due_on, ""),
        (_("Proposal"), dispute.agreed_due_on, ""),
        (pgettext("dispute", "Closed"), dispute.closed_on, ""),
    ]
    current = done.index(False) if False in done else -1
    return [
        {
            "title": title,
            "day": day,
            "detail": detail,
            "state": "done" if reached else "now" if place == current else "",
        }
        for place, ((title, day, detail), reached) in enumerate(zip(words, done, strict=True))
    ]


def _link_state(link: ResolverLink, at: datetime) -> str:
    """The state of a link as its badge knows it."""
    if link.revoked_at is not None:
        return "link_revoked"
    return "link_alive" if link.expires_at > at else "link_expired"


class DisputeView(PermissionMixin, View):
    """A view about one dispute that the reader sees."""

    permission = "disputes.view"
    request: Any

    def find(self, number: str) -> Dispute:
        """The dispute.

        :raises Http404: there is none, or it is not the reader's to see
        """
        try:
            return queries.find_dispute(self.request.user, self.request.company, number)
        except NotFound as unknown:
            raise Http404 from unknown

    def show(self, dispute: Dispute, *, status: int = 200, **forms: Form) -> HttpResponse:
        """Draw the page; ``forms`` are those that came back with something to say."""
        return render(self.request, "disputes/detail.html", self._context(dispute, forms), status=status)

    def _context(self, dispute: Dispute, forms: dict[str, Form]) -> dict[str, Any]:
        now, today = timezone.now(), timezone.localdate()
        acts = self._acts(dispute)
        left, tone = left_in_words(dispute, today)
        lines = list(dispute.lines.all())
        return {
            "menu": "disputes",
            "title": dispute.number,
            "dispute": dispute,
            "lines": lines,
            "open_lines": [line for line in lines if line.closed_on is None],
            "left": left,
            "tone": tone,
            "age": ((dispute.closed_on or today) - dispute.opened_on).days,
            "answer_late": dispute.first_answered_at is None and today > dispute.first_answer_due_on,
            "steps": case_steps(dispute),
            "history": told(dispute),
            "links": [(link, _link_state(link, now)) for link in dispute.links.select_related("created_by")],
            "evidence": dispute.evidence.select_related("added_by").order_by("pk"),
            "anomalies": anomalies_behind(dispute),
            "credits": dispute.credits.select_related("request__credit_note").order_by("pk"),
            "acts": acts,
            "forms": {**self._forms(dispute, acts), **forms},
            "waiting_credit": services.waiting_credit(dispute),
        }

    def _acts(self, dispute: Dispute) -> dict[str, bool]:
        user, company = self.request.user, dispute.company_id
        possible = policy.possible_acts(DisputeStatus(dispute.status))
        works = user.may("disputes.work", company)
        decides = user.may("disputes.resolve", company)
        hand = works and (decides or dispute.owner_id == user.pk)
        waits_for_goods = (
            dispute.status == DisputeStatus.RESOLVED
            and policy.EFFECTS[DisputeOutcome(dispute.outcome)].on_receipt
            and not dispute.credits.exists()
        )
        return {
            "qualify": works and Act.QUALIFY in possible,
            "accept": Act.ACCEPT in possible and dispute.owner_id == user.pk and dispute.accepted_at is None,
            "assign": hand and Act.ASSIGN in possible and dispute.status != DisputeStatus.OPEN,
            "wait": hand and Act.PROPOSE in possible,
            "resume": hand and Act.RESUME in possible,
            "propose": hand and Act.PROPOSE in possible,
            "resolve": decides and Act.RESOLVE in possible,
            "receive": decides and waits_for_goods,
            "withdraw": Act.WITHDRAW in possible and (decides or dispute.opened_by_id == user.pk),
            "reopen": user.may("disputes.open", company)
            and Act.REOPEN in possible
            and not dispute.times_reopened,
            "comment": user.may("disputes.open", company),
            "link": hand and dispute.status in policy.UNDECIDED,
            "revoke": hand,
        }

    def _forms(self, dispute: Dispute, acts: dict[str, bool]) -> dict[str, Form]:
        first = {"version": dispute.version}
        company = {"company_id": dispute.company_id}
        made: dict[str, Form] = {"comment": CommentForm(auto_id="comment_%s")}
        if acts["qualify"]:
            initial = first | {"type": dispute.type}
            made["qualify"] = QualifyForm(initial=initial, auto_id="qualify_%s", **company)
        if acts["assign"]:
            made["assign"] = OwnerForm(
                initial=first | {"owner": dispute.owner_id}, auto_id="assign_%s", **company
            )
        if acts["link"]:
            made["link"] = SendLinkForm(auto_id="link_%s")
        if acts["wait"]:
            made["wait"] = WaitForm(initial=first, auto_id="wait_%s")
        if acts["propose"]:
            made["propose"] = ProposeForm(initial=first, auto_id="propose_%s")
        if acts["resolve"]:
            made["resolve"] = ResolveForm(initial=first, auto_id="resolve_%s", dispute=dispute)
        if acts["withdraw"]:
            made["withdraw"] = ReasonForm(initial=first, auto_id="withdraw_%s")
        if acts["reopen"]:
            made["reopen"] = ReasonForm(initial=first, auto_id="reopen_%s")
        return made


class DisputePage(DisputeView):
    """One dispute."""

    def get(self, request: HttpRequest, number: str) -> HttpResponseBase:
        """Draw it."""
        return self.show(self.find(number))


class Evidence(DisputeView):
    """A file of a dispute, for those who see it."""

    def get(self, request: HttpRequest, number: str, pk: int) -> HttpResponseBase:
        """Hand it out as a download, never to be shown inside the portal."""
        found = self.find(number).evidence.filter(pk=pk).first()
        if found is None:
            raise Http404
        return FileResponse(
            found.file.open("rb"), as_attachment=True, filename=found.name, content_type=found.content_type
        )
