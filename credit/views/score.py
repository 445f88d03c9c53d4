"""The scorecard of a client: its part of the client page, its own page, what it rests on, classes by decision."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from accounts.models import Company, CustomerAccount, User
from accounts.views.answers import client_or_404, company_of, explain, now, signed_in
from accounts.views.parts import Panel
from accounts.views.rule_changes import rule_changes
from credit.authority import people_who_may, role_label
from credit.score_forms import DecideForm, FactsForm, OverrideForm, RatingRulesForm, StatementForm
from credit.scorecard import policy, reading, services, words
from credit.scorecard.enums import Block, OverrideStatus
from credit.scorecard.models import FIGURES, ClassOverride, ScoreCard
from credit.scorecard.services.override import DECIDE, LEVEL, ROLE
from credit.scorecard.services.record import RATE, KnownRow
from credit.scorecard.services.rules import CHANGE, change_rating_rules
from o2c.shared.past import look
from o2c.shared.problems import NotAllowed, Refusal
from o2c.shared.views import PermissionMixin

from .flags import FlagPage

_MOVES = 12


def panel(request: HttpRequest, account: CustomerAccount) -> Panel:
    """Score, class and sub-scores in short, as they were on the day looked at."""
    looked = look(request)
    cards = reading.cards_until(account, looked.day)
    card = cards[0] if cards else None
    context: dict[str, Any] = {"account": account, "card": card, "look": looked}
    if card is not None:
        context |= {
            "lines": reading.lines_of(card, _before(cards)),
            "before": _before(cards),
            "override": None if looked.is_past else reading.open_override(account),
            "review": None if looked.is_past else reading.review_since(account),
            "spec": _trend(cards, looked.day),
        }
    return Panel("credit/_score.html", context)


class Scorecard(PermissionMixin, View):
    """Each sub-score with its inputs and dates, the trend, the class and what was decided about it."""

    permission = "accounts.view"

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        """Draw the page."""
        return _page(request, client_or_404(request, code))


class Decide(PermissionMixin, View):
    """Approve or refuse the class that is asked for, or end the one in force."""

    permission = DECIDE

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        """Do it, or say why not."""
        account = client_or_404(request, code)
        row = reading.open_override(account)
        if row is None:
            raise Http404
        acts = {
            "approve": (
                services.approve_override,
                _("The class is approved; held orders are examined again."),
            ),
            "refuse": (services.refuse_override, _("The class is refused; the requester is told.")),
            "end": (services.end_override, _("The class set by decision is over.")),
        }
        act, done = acts.get(request.POST.get("decision", ""), (None, ""))
        if act is None:
            raise Http404
        form = DecideForm(request.POST)
        if not form.is_valid():
            return _page(request, account, form, status=422)
        try:
            act(override_id=row.pk, reason=form.cleaned_data["reason"], by=signed_in(request), at=now())
        except Refusal as refusal:
            explain(form, refusal)
            status = 403 if isinstance(refusal, NotAllowed) else refusal.status
            return _page(request, account, form, status=status)
        messages.success(request, done)
        return redirect("credit:scorecard", account.code)


class Adopt(PermissionMixin, View):
    """Put the client into the class of its score."""

    permission = RATE

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        """Do it, or say why not."""
        account = client_or_404(request, code)
        try:
            found = services.adopt_class(account_id=account.pk, by=signed_in(request), at=now())
        except Refusal as refusal:
            messages.error(request, str(refusal))
        else:
            text = _("%(name)s is in class %(class)s.")
            messages.success(request, text % {"name": found.name, "class": found.risk_class})
        return redirect("credit:scorecard", account.code)


class _Rate(FlagPage):
    """A form of what ratings rest on; back to the scorecard."""

    permission = RATE
    back = "credit:scorecard"


class NewStatement(_Rate):
    """Enter a year of the client's legal entity."""

    act = staticmethod(services.record_statement)
    form_class = StatementForm
    title, verb = gettext_lazy("Financial statement of %(name)s"), gettext_lazy("Keep the figures")
    done = gettext_lazy("The figures are kept; the scorecard follows within a minute.")
    consequence = gettext_lazy(
        "Each ratio whose figures are given counts. Figures are never changed: of two for one closing day the newer"
        " count. A year counts for eighteen months."
    )


def _know(*, account_id: int, by: User, at: Any, **known: Any) -> None:
    services.record_facts(account_id=account_id, by=by, at=at, known=KnownRow(**known))


class Known(_Rate):
    """Say what is known of the client's legal entity."""

    act = staticmethod(_know)
    form_class = FactsForm
    title, verb = gettext_lazy("What is known of %(name)s"), gettext_lazy("Keep it")
    done = gettext_lazy("It is kept; the scorecard follows within a minute.")
    consequence = gettext_lazy(
        "A change of control or address costs points for twelve months. Of rating and insurer the lower one counts."
    )

    def form(self, account: CustomerAccount, data: Any = None) -> FactsForm:
        """The form, with what is known by now."""
        known = reading.facts_of(account)
        names = FactsForm.base_fields
        return FactsForm(data, initial={name: getattr(known, name) for name in names} if known else None)


class AskOverride(_Rate):
    """Ask for a class whatever the score says."""

    act = staticmethod(services.ask_override)
    form_class = OverrideForm
    title, verb = gettext_lazy("Ask for a class for %(name)s"), gettext_lazy("Ask for it")
    done = gettext_lazy("Asked for: somebody else decides now.")
    consequence = gettext_lazy(
        "It counts once a credit manager, or who stands above, has approved it: never the person who asks. After its"
        " last day the client goes back to the class it would be in."
    )


class RatingRules(PermissionMixin, View):
    """How scores are made, and whether classes follow them."""

    permission = "accounts.view"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Draw the page."""
        company = _company(request)
        return _rules_page(
            request, company, RatingRulesForm(initial={"follows": company.class_follows_score})
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        """Change whether classes follow."""
        user, company = signed_in(request), _company(request)
        if not user.may(CHANGE, company):
            raise PermissionDenied
        form = RatingRulesForm(request.POST)
        if form.is_valid():
            try:
                change_rating_rules(company_id=company.pk, by=user, at=now(), **form.act())
            except NotAllowed as refusal:
                raise PermissionDenied(str(refusal)) from refusal
            except Refusal as refusal:
                explain(form, refusal)
            else:
                messages.success(request, _("The rules are changed; they count from the next night on."))
                return redirect("credit:rating_rules")
        return _rules_page(request, company, form, status=422)


def _company(request: HttpRequest) -> Company:
    company = company_of(request)
    if company is None:
        raise Http404
    return company


def _before(cards: Sequence[ScoreCard]) -> ScoreCard | None:
    """The last card that said something else than the newest."""
    return next((card for card in cards[1:] if card.points != cards[0].points), None)


def _trend(cards: Sequence[ScoreCard], on: date) -> dict[str, Any] | None:
    """The drawing of twelve months; None before two of them are known."""
    points = reading.trend_of(cards, on)
    if sum(score is not None for _day, score, _class in points) < 2:
        return None
    scores = [None if score is None else float(score) for _day, score, _class in points]
    return {
        "type": "line",
        "unit": "number",
        "labels": [f"{day:%m/%y}" for day, _score, _class in points],
        "min": 0,
        "max": 100,
        "ticks": 6,
        "sets": [{"label": _("Score"), "data": scores, "color": "--o-brand", "width": 2.25}],
    }


def _page(
    request: HttpRequest, account: CustomerAccount, form: DecideForm | None = None, status: int = 200
) -> HttpResponse:
    user, today = signed_in(request), timezone.localdate()
    cards = reading.cards_until(account, today)
    card = cards[0] if cards else None
    known, override = reading.facts_of(account), reading.open_override(account)
    before, years = _before(cards), reading.statements_of(account)
    context = {
        "account": account,
        "card": card,
        "before": before,
        "lines": [
            {
                "line": line,
                "sentences": words.lines(line.block, line.inputs),
                "unknown": words.UNKNOWN[line.block],
            }
            for line in (reading.lines_of(card, before) if card else ())
        ],
        "moves": cards[:_MOVES],
        "spec": _trend(cards, today),
        "known": known,
        "statements": years,
        "figures": [
            (name, [(getattr(year, field), year.currency) for year in years]) for field, name in _figures()
        ],
        "review": reading.review_since(account),
        "override": override,
        "past_overrides": reading.ended_overrides(account),
        "state": _state(user, account, override),
        "people": [
            (person.user, role_label(person.role))
            for person in people_who_may(DECIDE, account.company, level=LEVEL, without=[override.asked_by_id])
        ]
        if override and override.status == OverrideStatus.ASKED
        else [],
        "role": role_label(ROLE),
        "form": form or DecideForm(),
        "may_rate": user.may(RATE, account.company_id),
        "follows": account.company.class_follows_score,
        "may_adopt": bool(card and card.risk_class and card.risk_class != account.risk_class)
        and (override is None or override.status != OverrideStatus.APPROVED)
        and user.may(RATE, account.company_id),
        "menu": "accounts",
        "title": _("Scorecard of %(name)s") % {"name": account.name},
    }
    return render(request, "credit/scorecard.html", context, status=status)


def _figures() -> list[tuple[str, Any]]:
    """The figures of a year with their names."""
    return [(name, field.label) for name, field in StatementForm.base_fields.items() if name in FIGURES]


def _state(user: User, account: CustomerAccount, override: ClassOverride | None) -> str:
    """What the reader may do with the class asked for or in force."""
    if override is None:
        return "none"
    able = user.may(DECIDE, account.company_id) and user.authority_in(account.company_id) >= LEVEL
    if override.status == OverrideStatus.APPROVED:
        return "end" if able else "in_force"
    hands = {user.pk, *(acting.represented_id for acting in user.acting_in(account.company_id))}
    if override.asked_by_id in hands:
        return "own"
    return "decide" if able else "waits"


def _rules_page(
    request: HttpRequest, company: Company, form: RatingRulesForm, status: int = 200
) -> HttpResponse:
    user = signed_in(request)
    context = {
        "menu": "rating_rules",
        "title": _("Rating rules"),
        "company": company,
        "weights": [(block, policy.WEIGHTS[block], _HOW[block]) for block in Block],
        "version": policy.VERSION,
        "form": form if user.may(CHANGE, company) else None,
        "events": rule_changes(company, "rating.rules_changed"),
    }
    return render(request, "credit/rating_rules.html", context, status=status)


_HOW = {
    Block.PAYMENT: gettext_lazy(
        "Days late over twelve months, weighted by amount, what is late now included: none → 100, 5 → 85, 10 → 70,"
        " 20 → 50, 30 → 30, 60 → 0. −20 for each bill or direct debit returned, −10 for each promise not kept."
    ),
    Block.STATEMENTS: gettext_lazy(
        "The mean of what is known, at most eighteen months old: equity of the balance sheet (5% → 0, 35% → 100),"
        " current ratio (0.8 → 0, 1.5 → 100), operating margin (−2% → 0, 8% → 100), net debt to EBITDA"
        " (6 → 0, 1 → 100)."
    ),
    Block.EXTERNAL: gettext_lazy(
        "The lower of a rating (Banque de France from 1+ → 100 to 8 → 0, P → 0; a bureau's 0 to 100) and the"
        " insurer's answer (granted 100, in part 60, refused 0)."
    ),
    Block.AGE: gettext_lazy(
        "Years since the foundation: less than 1 → 0, 2 → 30, 5 → 70, 10 → 100. −20 for a change of control or"
        " address within twelve months."
    ),
    Block.DISPUTES: gettext_lazy(
        "Disputed of invoiced over twelve months: 1% → 100, 10% → 0. −10 for each claim made only to pay later,"
        " from two on."
    ),
}
