"""The committee: its sittings and members, the meeting screen, decisions, minutes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views import View

from o2c.shared.problems import NotAllowed, Refusal
from o2c.shared.views import PermissionMixin

from .. import committee_policy as rules
from ..agenda import AgendaLine, agenda, total_of
from ..committee_forms import DecideForm, MembersForm, PlanForm
from ..committee_models import Committee, CommitteeDecision, CommitteeMember
from ..enums import CommitteeState, Department, DisputeOutcome
from ..minutes import scores_of
from ..models import Dispute
from ..services import committee as services
from ..tables import left_in_words
from .page import case_steps, put_on_form


class CommitteeView(PermissionMixin, View):
    """A view about the committee of the company at work."""

    permission = "disputes.view"
    request: Any

    def find(self, pk: int) -> Committee:
        """The sitting.

        :raises Http404: none of this company
        """
        found = (
            Committee.objects.select_related("company").filter(pk=pk, company=self.request.company).first()
        )
        if found is None:
            raise Http404
        return found

    def may_hold(self) -> bool:
        """Whether the reader plans, holds and closes sittings."""
        return bool(self.request.user.may(services.RIGHT, self.request.company))


class Committees(CommitteeView):
    """Sittings to come and held, the members, the scoreboard of delays."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Draw the page."""
        return self.show()

    def show(self, *, status: int = 200, **forms: Any) -> HttpResponse:
        """Draw it; ``forms`` came back with something to say."""
        company, today = self.request.company, timezone.localdate()
        lines = agenda(self.request.user, company, today)
        members = CommitteeMember.objects.filter(company=company, until=None).select_related("user")
        context = {
            "menu": "committee",
            "title": _("Dispute committee"),
            "sittings": Committee.objects.filter(company=company).order_by("-held_on")[:20],
            "members": members.order_by("-is_chair", "department", "pk"),
            "count": len(lines),
            "total": total_of(lines),
            "scores": scores_of(company.pk, timezone.now()),
            "may_hold": self.may_hold(),
            "plan": PlanForm(auto_id="plan_%s"),
            "members_form": MembersForm(company=company, auto_id="members_%s"),
            **forms,
        }
        return render(self.request, "disputes/committees.html", context, status=status)


class Plan(Committees):
    """Plan a sitting."""

    permission = services.RIGHT
    http_method_names = ["post", "options"]

    def post(self, request: Any) -> HttpResponse:
        """Plan it, or say why not."""
        form = PlanForm(request.POST, auto_id="plan_%s")
        if not form.is_valid():
            return self.show(status=422, plan=form)
        try:
            data = dict(form.cleaned_data)
            rhythm = rules.Rhythm(data.pop("rhythm") or rules.Rhythm.ONCE)
            made = services.plan_calendar(
                company=request.company, rhythm=rhythm, by=request.user, at=timezone.now(), **data
            )
        except Refusal as refusal:
            put_on_form(form, refusal)
            return self.show(status=refusal.status, plan=form)
        if len(made) > 1:
            messages.success(request, _("%(count)s sittings are planned.") % {"count": len(made)})
            return redirect("disputes:committees")
        return redirect(made[0].get_absolute_url())


class Members(Committees):
    """Say who sits in it."""

    permission = services.RIGHT
    http_method_names = ["post", "options"]

    def post(self, request: Any) -> HttpResponse:
        """Set them, or say what is missing."""
        form = MembersForm(request.POST, company=request.company, auto_id="members_%s")
        if form.is_valid():
            try:
                services.set_members(
                    company=request.company,
                    members=form.chosen(),
                    chair=form.cleaned_data["chair"],
                    by=request.user,
                    at=timezone.now(),
                )
            except Refusal as refusal:
                put_on_form(form, refusal)
            else:
                messages.success(request, _("The members are noted."))
                return redirect("disputes:committees")
        return self.show(status=422, members_form=form)


class Sitting(CommitteeView):
    """One sitting: who is there, the agenda, one case at a time."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Draw the case asked for, or the first that waits."""
        return self.show(self.find(pk), request.GET.get("case", ""))

    def show(self, held: Committee, number: str, *, status: int = 200, form: Any = None) -> HttpResponse:
        """Draw the meeting screen."""
        user, today = self.request.user, timezone.localdate()
        closed = held.state == CommitteeState.CLOSED
        seen = Dispute.objects.visible_to(user, held.company)
        decided = held.decisions.filter(dispute__in=seen).select_related(
            "dispute__account", "owner", "decided_by"
        )
        decisions = {row.dispute_id: row for row in decided.order_by("pk")}
        lines = [] if closed else agenda(user, held.company, today)
        present = list(held.attendances.select_related("user").order_by("department", "pk"))
        departments = [Department(row.department) for row in present]
        current = self._current(lines, number, decisions)
        members = CommitteeMember.objects.filter(company=held.company, until=None).select_related("user")
        waiting = [line for line in lines if line.dispute.pk not in decisions]
        place = lines.index(current) if current else 0
        context = {
            "menu": "committee",
            "title": _("Dispute committee"),
            "committee": held,
            "closed": closed,
            "rows": [self._row(line, decisions, current, today) for line in lines],
            "total": total_of(lines),
            "current": current,
            "place": place + 1,
            "previous": lines[place - 1].dispute if current and place else None,
            "following": lines[place + 1].dispute if current and place + 1 < len(lines) else None,
            "decided": decisions.get(current.dispute.pk) if current else None,
            "decisions": list(decisions.values()),
            "waiting": len(waiting),
            "members": list(members.order_by("-is_chair", "department", "pk")),
            "present": present,
            "present_ids": {row.user_id for row in present},
            "quorum": rules.has_quorum(departments),
            "may_hold": self.may_hold() and not closed,
            "own": bool(current and current.dispute.owner_id == user.pk),
        }
        if current:
            context |= self._facts(current, held, departments, form)
        return render(self.request, "disputes/sitting.html", context, status=status)

    @staticmethod
    def _current(
        lines: Sequence[AgendaLine], number: str, decisions: dict[int, CommitteeDecision]
    ) -> AgendaLine | None:
        named = next((line for line in lines if line.dispute.number == number), None)
        waiting = next((line for line in lines if line.dispute.pk not in decisions), None)
        return named or waiting or next(iter(lines), None)

    @staticmethod
    def _row(
        line: AgendaLine, decisions: dict[int, CommitteeDecision], current: AgendaLine | None, today: Any
    ) -> dict[str, Any]:
        left, tone = left_in_words(line.dispute, today)
        return {
            "dispute": line.dispute,
            "reason": line.reasons[0].label,
            "left": left,
            "tone": tone,
            "done": line.dispute.pk in decisions,
            "current": line is current,
        }

    def _facts(
        self, line: AgendaLine, held: Committee, departments: Sequence[Department], form: Any
    ) -> dict[str, Any]:
        dispute = line.dispute
        left, tone = left_in_words(dispute, timezone.localdate())
        if form is None:
            initial = {"version": dispute.version, "owner": dispute.owner_id}
            form = DecideForm(
                initial=initial,
                dispute=dispute,
                present=departments,
                company=held.company,
                auto_id="decide_%s",
            )
        return {
            "dispute": dispute,
            "left": left,
            "tone": tone,
            "age": (timezone.localdate() - dispute.opened_on).days,
            "steps": case_steps(dispute),
            "evidence": dispute.evidence.order_by("pk"),
            "history": dispute.steps.select_related("by").exclude(text="").order_by("-at", "-pk")[:4],
            "form": form,
        }


class Attend(Sitting):
    """Note who is there."""

    permission = services.RIGHT
    http_method_names = ["post", "options"]

    def post(self, request: Any, pk: int) -> HttpResponse:
        """Note it."""
        held = self.find(pk)
        present = [int(key) for key in request.POST.getlist("present") if key.isdecimal()]
        try:
            services.attend(committee_id=held.pk, present=present, by=request.user, at=timezone.now())
        except NotAllowed as refusal:
            raise PermissionDenied(str(refusal)) from refusal
        except Refusal as refusal:
            messages.error(request, str(refusal))
        return redirect(held.get_absolute_url())


class Decide(Sitting):
    """Decide a case, or put it off, and go to the next."""

    permission = services.RIGHT
    http_method_names = ["post", "options"]

    def post(self, request: Any, pk: int, number: str) -> HttpResponse:
        """Do it, or say what stands against it with everything kept."""
        held = self.find(pk)
        dispute = Dispute.objects.visible_to(request.user, held.company).filter(number=number).first()
        if dispute is None:
            raise Http404
        departments = [Department(row.department) for row in held.attendances.all()]
        form = DecideForm(
            request.POST, dispute=dispute, present=departments, company=held.company, auto_id="decide_%s"
        )
        who: dict[str, Any] = {"committee_id": held.pk, "dispute_id": dispute.pk, "by": request.user}
        try:
            if "postpone" in request.POST:
                services.postpone(**who, reason=request.POST.get("decision", ""), at=timezone.now())
            elif form.is_valid():
                data = form.cleaned_data
                outcome = (
                    DisputeOutcome(data.pop("outcome")) if data["outcome"] else data.pop("outcome") or None
                )
                services.decide(**who, outcome=outcome, at=timezone.now(), **data)
            else:
                return self.show(held, number, status=422, form=form)
        except Refusal as refusal:
            form.is_valid()
            put_on_form(form, refusal)
            return self.show(held, number, status=refusal.status, form=form)
        messages.success(request, _("%(number)s is decided.") % {"number": number})
        return redirect(held.get_absolute_url())


class Close(Sitting):
    """Validate the minutes."""

    permission = services.RIGHT
    http_method_names = ["post", "options"]

    def post(self, request: Any, pk: int) -> HttpResponse:
        """Validate them."""
        held = self.find(pk)
        try:
            services.close(committee_id=held.pk, by=request.user, at=timezone.now())
        except Refusal as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("The minutes are validated and sent to those who were there."))
        return redirect(held.get_absolute_url())


class Minutes(CommitteeView):
    """The minutes as they were validated."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Hand them out: to those who see every sale, and to those who were there."""
        held = self.find(pk)
        reader = self.request.user
        if not (reader.sees_every_sale(held.company) or held.attendances.filter(user=reader).exists()):
            raise PermissionDenied
        if not held.minutes:
            raise Http404
        name = f"{reverse('disputes:committees').strip('/').replace('/', '-')}-{held.held_on}.pdf"
        return FileResponse(
            held.minutes.open("rb"), as_attachment=True, filename=name, content_type="application/pdf"
        )
