"""Limit requests: the list, asking for one, and the page on which one is decided."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from accounts.models import CustomerAccount
from accounts.views.answers import client_or_404, company_of, explain, now, signed_in
from credit import formulas, queries, services
from credit.alerts.queries import reviews_visible
from credit.alerts.services import answer
from credit.alerts.words import sentence
from credit.authority import mandate_of, people_who_may, role_label
from credit.enums import AlertOutcome, AlertStatus, Level, LimitKind, RequestStatus, Side
from credit.filters import LimitRequestFilter
from credit.forms import ClientForm, LimitDecisionForm, LimitRequestForm
from credit.lists import waiting_for, with_current_limit
from credit.models import CreditAlert, CreditLimit, LimitRequest
from credit.services import signing
from credit.services.checks import mandates
from credit.services.limits import required_role
from credit.signature_policy import needs_two
from credit.suggestion.gathering import suggestion_of
from credit.suggestion.words import prepared_reason
from credit.tables import LimitRequestTable
from o2c.shared.problems import NotAllowed, Refusal
from o2c.shared.views import Action, Empty, ListPage, PermissionMixin, Tab

from .limit_state import may_appeal, state_of
from .panels import trend_spec
from .suggested import seen_by_decision, shown


class LimitRequests(ListPage):
    """Every request about the reader's clients; what waits comes first."""

    title, menu, permission = gettext_lazy("Limit requests"), "limit_requests", "accounts.view"
    table_class, filterset_class = LimitRequestTable, LimitRequestFilter
    empty = Empty(
        "adjustments-dollar",
        gettext_lazy("Requests for credit limits will stand here"),
        gettext_lazy("Ask for one from a client's page; whoever has the authority decides it."),
    )

    def get_queryset(self) -> QuerySet[LimitRequest]:
        """Waiting first, then the newest; other people's drafts are theirs."""
        user, company = signed_in(self.request), company_of(self.request)
        rank = Case(
            When(status=RequestStatus.SUBMITTED, then=Value(0)),
            When(status=RequestStatus.DRAFT, then=Value(1)),
            default=Value(2),
            output_field=IntegerField(),
        )
        rows = queries.limit_requests_visible(user, company).annotate(rank=rank)
        others_drafts = LimitRequest.objects.filter(status=RequestStatus.DRAFT).exclude(requested_by=user)
        seen: Any = with_current_limit(rows.exclude(pk__in=others_drafts.values("pk")))
        found: QuerySet[LimitRequest] = seen.order_by("rank", "-submitted_at", "-pk")
        return found

    def get_tabs(self) -> Sequence[Tab]:
        """What may be decided, what waits, what the reader asked for, what is done."""
        user, company = signed_in(self.request), company_of(self.request)
        chosen = self.request.GET.get("state", "")
        tabs = [("", _("All")), ("waiting", _("Waiting")), ("asked_by_me", _("Asked by me"))]
        tabs.append(("decided", _("Decided")))
        shown = [Tab(label, f"?state={key}" if key else "?", current=key == chosen) for key, label in tabs]
        signs = user.may("credit.decide_limit", company) or user.may("credit.countersign", company)
        if company is not None and signs:
            mine = waiting_for(queries.limit_requests_visible(user, company), user, company).count()
            key = "mine_to_decide"
            shown.insert(1, Tab(_("For me to decide"), f"?state={key}", count=mine, current=key == chosen))
        return shown

    def get_actions(self) -> Sequence[Action]:
        """Asking for one."""
        if signed_in(self.request).may("credit.request_limit", company_of(self.request)):
            url = reverse("credit:limit_request_new")
            return (Action(_("Ask for a limit"), url, icon="plus", primary=True, key="n"),)
        return ()


class NewLimitRequest(PermissionMixin, View):
    """Ask for a limit of one client (``?client=``), or choose the client first."""

    permission = "credit.request_limit"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Draw the form."""
        account = self._client(request)
        if isinstance(account, HttpResponse):
            return account
        return self._answer(
            request, account, LimitRequestForm(account=account, initial=self._wish(request, account))
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        """Store the request: sent at once, or kept as a draft."""
        account = client_or_404(request, request.GET.get("client", ""))
        form = LimitRequestForm(request.POST, account=account)
        if form.is_valid():
            sent = "keep" not in request.POST
            try:
                wish = services.create_limit_request(
                    account=account, by=signed_in(request), at=now(), submit=sent, **form.cleaned_data
                )
            except Refusal as refusal:
                explain(form, refusal)
            else:
                messages.success(request, _("The request is sent.") if sent else _("Kept as a draft."))
                if sent:
                    _answer_review(request, account, wish)
                return redirect("credit:limit_request", wish.pk)
        return self._answer(request, account, form)

    def _wish(self, request: HttpRequest, account: CustomerAccount) -> dict[str, Any]:
        """What stands in the form before anything is typed: the suggested limit and why it is asked for.

        ``?suggested=1`` asks for it, ``?review=`` with what asks to look at the limit again.
        """
        review = _review(request, account)
        if "suggested" not in request.GET and review is None:
            return {}
        suggestion = suggestion_of(account, on=timezone.localdate())
        said = [sentence(review)] if review else []
        return {
            "amount": suggestion.amount,
            "reason": "\n".join([*said, prepared_reason(suggestion, account.company.currency)]).strip(),
        }

    def _client(self, request: HttpRequest) -> CustomerAccount | HttpResponse:
        form = ClientForm(request.GET or None, user=signed_in(request), company=company_of(request))
        if form.is_bound and form.is_valid():
            chosen: CustomerAccount = form.cleaned_data["client"]
            if chosen.code == request.GET["client"]:
                return chosen
            return redirect(f"{request.path}?client={chosen.code}")
        context = {"form": form, "menu": "limit_requests", "title": _("Ask for a limit")}
        return render(request, "credit/limit_request_client.html", context)

    def _answer(self, request: HttpRequest, account: CustomerAccount, form: LimitRequestForm) -> HttpResponse:
        view = queries.exposure_of(account, on=timezone.localdate())
        context = {
            "account": account,
            "form": form,
            "view": view,
            "kind": view.limit.kind.value,
            "currency": view.currency,
            "matrix": [
                (role_label(mandate.role), mandate.limit_amount)
                for mandate in mandates(account.company_id)
                if mandate.limit_amount is None or mandate.limit_amount > 0
            ],
            "raised": account.risk_class == "E",
            "suggested": shown(suggestion_of(account, on=timezone.localdate()), account),
            "menu": "limit_requests",
            "title": _("Ask for a limit for %(name)s") % {"name": account.name},
        }
        status = 422 if form.errors else 200
        return render(request, "credit/limit_request_new.html", context, status=status)


class LimitRequestPage(PermissionMixin, View):
    """One request: what it changes, the figures, who may decide, and the decision."""

    permission = "accounts.view"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Draw the page."""
        return self._answer(request, self._find(request, pk))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send a draft, grant or refuse."""
        wish = self._find(request, pk)
        user, decision = signed_in(request), request.POST.get("decision", "")
        form = LimitDecisionForm(request.POST, wish=wish)
        if not form.is_valid() and decision != "submit":
            return self._answer(request, wish, form, status=422)
        reason = form.cleaned_data.get("reason", "")
        try:
            if decision == "submit":
                services.submit_limit_request(request_id=wish.pk, by=user, at=now())
                messages.success(request, _("The request is sent."))
            elif decision == "appeal":
                appeal = services.appeal_limit_request(request_id=wish.pk, reason=reason, by=user, at=now())
                messages.success(request, _("The refusal is appealed; the next level decides."))
                return redirect("credit:limit_request", appeal.pk)
            elif decision == "refuse":
                services.refuse_limit_request(request_id=wish.pk, reason=reason, by=user, at=now())
                messages.success(request, _("The request is refused; the requester is told."))
            else:
                done = services.approve_limit_request(
                    request_id=wish.pk, reason=reason, by=user, at=now(), **form.granted(wish)
                )
                if done.status == RequestStatus.SUBMITTED:
                    messages.success(
                        request, _("Your approval is kept; a second one of another department grants.")
                    )
                else:
                    messages.success(request, _("The limit is granted; held orders are examined again."))
        except NotAllowed as refusal:
            explain(form, refusal)
            return self._answer(request, self._find(request, pk), form, status=403)
        except Refusal as refusal:
            explain(form, refusal)
            return self._answer(request, self._find(request, pk), form, status=refusal.status)
        return redirect("credit:limit_request", wish.pk)

    def _find(self, request: HttpRequest, pk: int) -> LimitRequest:
        user = signed_in(request)
        visible = with_current_limit(queries.limit_requests_visible(user, None)).select_related(
            "asked_for__company", "account", "entity", "group"
        )
        wish = get_object_or_404(visible, pk=pk)
        if wish.status == RequestStatus.DRAFT and wish.requested_by_id != user.pk:
            raise Http404
        return wish

    def _answer(
        self,
        request: HttpRequest,
        wish: LimitRequest,
        form: LimitDecisionForm | None = None,
        status: int = 200,
    ) -> HttpResponse:
        account, user = wish.asked_for, signed_in(request)
        view = queries.exposure_of(account, on=timezone.localdate())
        mandate = required_role(wish)
        own = mandate_of(user, account.company)
        waits = wish.status == RequestStatus.SUBMITTED
        given = signing.signatures_of(wish)
        by_two = needs_two(wish.required_level or mandate.level)
        standing = signing.standing_of(wish, user, level=mandate.level, rows=given)
        state = state_of(wish, user, mandate.level, standing.answer if by_two else None)
        bound = own.limit_amount if own else None
        if form is None:
            form = LimitDecisionForm(wish=wish, most=bound if state == "above" else None)
        if standing.answer is Side.COUNTERSIGN and given:
            form.only_reason()
        people = people_who_may(
            "credit.decide_limit", account.company, level=mandate.level, without=[wish.requested_by_id]
        )
        suggestion = seen_by_decision(wish)
        if wish.status in (RequestStatus.DRAFT, RequestStatus.SUBMITTED):
            suggestion = suggestion_of(account, on=timezone.localdate())
        spec = trend_spec(account, view, asked=_limit_after(wish, view) if waits else None)
        context = {
            "wish": wish,
            "account": account,
            "form": form,
            "state": state,
            "view": view,
            "currency": view.currency,
            "net_at_level": _level_of(wish, view).net_exposure,
            "use": formulas.utilisation(
                _level_of(wish, view).limit.effective, _level_of(wish, view).net_exposure
            ),
            "before": view.available,
            "after": _available_after(wish, view) if waits else None,
            "unlimited_after": wish.kind == LimitKind.UNLIMITED,
            "oldest_days": view.figures.oldest_days(view.on),
            "history": _history(wish),
            "by_two": by_two,
            "given": given,
            "countersigns": by_two and standing.answer is Side.COUNTERSIGN,
            "appeal": LimitRequest.objects.filter(appeal_of=wish).first(),
            "may_appeal": may_appeal(wish, user),
            "suggested": shown(suggestion, account) if suggestion else None,
            "level_label": Level(wish.level).label,
            "role": role_label(mandate.role),
            "own_bound": bound,
            "may_grant_less": state == "above"
            and not given
            and wish.appeal_of_id is None
            and bool(bound)
            and wish.kind != LimitKind.UNLIMITED,
            "own_unbounded": own is not None and own.limit_amount is None,
            "people": [(person.user, role_label(person.role)) for person in people],
            "spec": spec,
            "menu": "limit_requests",
            "title": _("%(name)s, limit request") % {"name": account.name},
        }
        return render(request, "credit/limit_request.html", context, status=status)


def _review(request: HttpRequest, account: CustomerAccount) -> CreditAlert | None:
    """What asks to look at the limit of this client again (``?review=``)."""
    key = request.GET.get("review", "")
    if not key.isdigit():
        return None
    rows = reviews_visible(signed_in(request), account.company)
    return rows.filter(pk=key, account=account, status=AlertStatus.OPEN).first()


def _answer_review(request: HttpRequest, account: CustomerAccount, wish: LimitRequest) -> None:
    """Say of what asked for the review that a limit is asked for; left open to who may not answer it."""
    review = _review(request, account)
    if review is None:
        return
    said = _("Request %(number)s") % {"number": wish.pk}
    try:
        answer(
            alert_id=review.pk,
            outcome=AlertOutcome.LIMIT_ASKED,
            comment=said,
            by=signed_in(request),
            at=now(),
        )
    except Refusal:
        return


def _level_of(wish: LimitRequest, view: queries.ExposureView) -> queries.LevelFigures:
    return next(level for level in view.levels if level.level == wish.level)


def _limit_after(wish: LimitRequest, view: queries.ExposureView) -> Decimal | None:
    """The effective limit of the level once the request is granted; None when it has no bound."""
    limit = _level_of(wish, view).limit
    if wish.kind == LimitKind.UNLIMITED or wish.amount is None:
        return None
    if wish.kind == LimitKind.TEMPORARY:
        return None if limit.effective is None else limit.effective + wish.amount
    return wish.amount + limit.temporary


def _available_after(wish: LimitRequest, view: queries.ExposureView) -> Decimal | None:
    """What may be used once the request is granted: the least over the levels that then hold a decision."""
    found = []
    for level in view.levels:
        asked = level.level == wish.level
        decided = level.decided or (asked and wish.kind != LimitKind.TEMPORARY)
        limit = _limit_after(wish, view) if asked else level.limit.effective
        available = formulas.available(limit, level.net_exposure)
        if decided and available is not None:
            found.append(available)
    if not found and not view.has_decision and wish.kind == LimitKind.TEMPORARY:
        return formulas.available(_limit_after(wish, view), view.levels[0].net_exposure)
    return min(found, default=None)


def _history(wish: LimitRequest) -> Sequence[LimitRequest]:
    """Earlier decisions about the same client, newest first; ``replaced`` is the base limit each one followed."""
    decided = LimitRequest.objects.filter(
        asked_for=wish.asked_for, status__in=[RequestStatus.APPROVED, RequestStatus.REFUSED]
    )
    rows = list(decided.exclude(pk=wish.pk).select_related("decided_by").order_by("-decided_at")[:10])
    limits = CreditLimit.objects.filter(account=wish.account, entity=wish.entity, group=wish.group)
    before: dict[int | None, CreditLimit] = {}
    last = None
    for limit in limits.order_by("decided_at", "pk"):
        if last is not None:
            before[limit.request_id] = last
        last = limit
    for row in rows:
        row.replaced = before.get(row.pk)  # type: ignore[attr-defined]
    return rows
