"""Scenarios on screen: in plain words, as a calendar of one document, their letters, and the form that changes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from dunning import defaults
from dunning.enums import StepChannel
from dunning.letters import letter_pdf
from dunning.models import DunningScenario
from dunning.queries import scenarios as queries
from dunning.scenario_forms import ScenarioForm
from dunning.services import runs
from dunning.services import scenarios as services
from dunning.step_policy import MOST_STEPS, SPOKEN, Why
from dunning.step_words import in_plain_words, pace_in_words, what_in_words
from dunning.templating import PLACEHOLDERS
from invoicing.tables import item_url
from invoicing.views.base import needs, translated
from o2c.shared import formats
from o2c.shared.pdf import pdf_response
from o2c.shared.problems import Refusal
from o2c.shared.texting import parts_of

from .base import ActPage

MENU: Final = "dunning_scenarios"
_STEP_FIELDS: Final = (
    "day", "channel", "owner", "contact", "min_amount", "attaches_invoices", "quotes_penalties", "is_formal",
    "subject_fr", "body_fr", "subject_en", "body_en",
)  # fmt: skip
_FIELDS: Final = (
    "name",
    "risk_class",
    "grace_days",
    "min_amount",
    "min_gap_days",
    "most_contacts",
    "formal_days",
    "automatic_until",
)


@needs(runs.RIGHT)
@require_GET
def scenario_list(request: Any) -> HttpResponse:
    """Draw the scenarios of the company with their steps in plain words."""
    company = _company(request)
    found = queries.scenarios_in_use(company)
    context = {
        "menu": MENU,
        "title": _("Reminder scenarios"),
        "scenarios": [(row, whose(row), _steps(row)) for row in found],
        "may_change": request.user.may(services.CONFIGURE, company),
    }
    return render(request, "dunning/scenarios.html", context)


@needs(runs.RIGHT)
@require_GET
def scenario(request: Any, key: int) -> HttpResponse:
    """Draw a scenario, and the calendar of a document of the client the address names."""
    found = _scenario(request, key)
    today = timezone.localdate()
    with translated():
        shown = queries.calendar_of(
            found,
            reader=request.user,
            code=request.GET.get("client", "").strip(),
            item=request.GET.get("document", ""),
            today=today,
        )
    words = {step.number: step for step in found.steps.all()}
    context = {
        "menu": MENU,
        "title": found.name,
        "scenario": found,
        "whose": whose(found),
        "steps": _steps(found),
        "pace": pace_in_words(found),
        "calendar": shown,
        "days": [
            (
                row,
                what_in_words(words[row.number]).capitalize(),
                _weekday(row.day),
                row.why != Why.ON_ITS_DAY,
                Why(row.why).label,
            )
            for row in shown.days
        ],
        "document_url": item_url(shown.item) if shown.item is not None else "",
        "today": today,
        "field": _ClientForm(initial={"client": shown.code})["client"],
        "may_change": request.user.may(services.CONFIGURE, found.company_id),
        "is_common": found.account_id is None and not found.risk_class,
    }
    return render(request, "dunning/scenario.html", context)


@needs(runs.RIGHT)
@require_GET
def letter(request: Any, key: int, number: int) -> HttpResponse:
    """Draw a letter of a scenario with a client's own figures."""
    found = _scenario(request, key)
    written = _written(request, found, number)
    context = {
        "menu": MENU,
        "title": _("Letter of step %(number)s") % {"number": number},
        "scenario": found,
        "number": number,
        "written": written,
        "parts": parts_of(written.text) if written is not None and _is_text(found, number) else None,
        "reader_language": _lang(),
        "language": _language(request),
        "field": _ClientForm(initial={"client": request.GET.get("client", "")})["client"],
        "query": request.GET.urlencode(),
    }
    return render(request, "dunning/letter.html", context)


@needs(runs.RIGHT)
@require_GET
def letter_file(request: Any, key: int, number: int) -> HttpResponse:
    """Hand out the same letter on paper."""
    found = _scenario(request, key)
    written = _written(request, found, number)
    if written is None or _is_text(found, number):
        raise Http404
    name = _("preview-%(number)s") % {"number": number}
    return pdf_response(letter_pdf(written), f"{name}-{written.language}.pdf")


class ChangeScenario(ActPage):
    """The steps of a scenario; what is kept replaces it, what was made by it stays."""

    permission = services.CONFIGURE
    menu, template = MENU, "dunning/scenario_form.html"

    def form(self, request: Any, data: Any, **which: Any) -> ScenarioForm:
        """Its present steps, or those of all clients for a new one."""
        base = self.base(request, **which)
        initial = {name: getattr(base or DunningScenario(), name) for name in _FIELDS}
        if not which:
            initial |= {"name": "" if base else defaults.NAME, "risk_class": ""}
        elif base is not None and base.account is not None:
            initial["account"] = base.account.code
        rows: Sequence[Any] = defaults.STEPS if base is None else list(base.steps.all())
        steps: list[dict[str, Any]] = [{name: getattr(row, name) for name in _STEP_FIELDS} for row in rows]
        if data is not None and "add" in data and int(data.get("step-TOTAL_FORMS", "0") or 0) < MOST_STEPS:
            data = data.copy()
            data["step-TOTAL_FORMS"] = str(int(data["step-TOTAL_FORMS"]) + 1)
        form = ScenarioForm(data, steps=steps, initial=initial)
        if which:
            # A scenario stays with the clients it is for.
            for name in ("risk_class", "account"):
                form.fields[name].disabled = True
        return form

    def post(self, request: Any, **which: Any) -> HttpResponse:
        """Keep it; ``add`` draws it again with one more step."""
        if "add" not in request.POST:
            return super().post(request, **which)
        with translated():
            form = self.form(request, request.POST, **which)
            return render(
                request,
                self.template,
                {"menu": self.menu, "form": form, "adding": True} | self.context(request, form, **which),
            )

    def act(self, request: Any, form: forms.Form, **which: Any) -> HttpResponse:
        """Keep it."""
        assert isinstance(form, ScenarioForm)
        try:
            made = services.save_scenario(
                company=_company(request),
                given=form.given(),
                replaces=which.get("key"),
                by=request.user,
                at=timezone.now(),
            )
        except services.ScenarioRefused as refused:
            form.show(refused.problems)
            return self.answer(request, form, **which)
        messages.success(request, _("Kept. The next run goes by it; what was sent stays as it was."))
        return redirect("dunning:scenario", key=made.pk)

    def context(self, request: Any, form: forms.Form, **which: Any) -> dict[str, Any]:
        """Words of the page."""
        base = self.base(request, **which)
        return {
            "title": _("Change the scenario") if which else _("New scenario"),
            "scenario": base if which else None,
            "whose": whose(base) if which and base is not None else "",
            "placeholders": [(f"${name}", words) for name, words in PLACEHOLDERS.items()],
            "back": reverse("dunning:scenario", args=[which["key"]])
            if which
            else reverse("dunning:scenarios"),
        }

    def base(self, request: Any, **which: Any) -> DunningScenario | None:
        """The scenario to begin with; None where the company has none yet."""
        if not hasattr(self, "_base"):
            key = which.get("key")
            self._base: DunningScenario | None = (
                _scenario(request, key)
                if key is not None
                else queries.scenarios_in_use(_company(request)).filter(account=None, risk_class="").first()
            )
        return self._base


@needs(services.CONFIGURE)
@require_POST
def retire(request: Any, key: int) -> HttpResponse:
    """Take a scenario of a class or a client out of use."""
    found = _scenario(request, key)
    try:
        with translated():
            services.retire_scenario(scenario_id=found.pk, by=request.user, at=timezone.now())
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect("dunning:scenario", key=key)
    messages.success(request, _("%(name)s is out of use.") % {"name": found.name})
    return redirect("dunning:scenarios")


def whose(scenario: DunningScenario) -> str:
    """Say which clients go by a scenario."""
    if scenario.account is not None:
        return f"{scenario.account.name} ({scenario.account.code})"
    if scenario.risk_class:
        return _("Clients of class %(risk_class)s") % {"risk_class": scenario.risk_class}
    return _("All clients")


class _ClientForm(forms.Form):
    client = forms.CharField(label="", required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["client"].label = _("Client")


def _steps(scenario: DunningScenario) -> list[tuple[Any, str, bool]]:
    """Each step, in plain words, and whether it has a letter."""
    currency, language = scenario.company.currency, _lang()
    return [
        (step, in_plain_words(step, currency=currency, language=language), step.channel not in SPOKEN)
        for step in scenario.steps.all()
    ]


def _written(request: Any, scenario: DunningScenario, number: int) -> Any:
    step = next((each for each in scenario.steps.all() if each.number == number), None)
    if step is None or step.channel in SPOKEN:
        raise Http404
    with translated():
        return queries.letter_preview(
            step,
            reader=request.user,
            code=request.GET.get("client", "").strip(),
            language=_language(request),
            today=timezone.localdate(),
        )


def _is_text(scenario: DunningScenario, number: int) -> bool:
    return any(step.number == number and step.channel == StepChannel.SMS for step in scenario.steps.all())


def _language(request: Any) -> str:
    asked = request.GET.get("language", "")
    return asked if asked in {"fr", "en"} else _lang()


def _scenario(request: Any, key: int) -> DunningScenario:
    found = queries.scenarios_in_use(_company(request)).filter(pk=key).first()
    if found is None:
        raise Http404
    return found


def _company(request: Any) -> Any:
    if request.company is None:
        raise Http404
    return request.company


def _weekday(day: Any) -> str:
    return "" if day is None else formats.date_weekday(day, _lang())


def _lang() -> str:
    return "fr" if (get_language() or "fr").startswith("fr") else "en"
