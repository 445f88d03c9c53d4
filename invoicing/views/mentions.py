"""A paper of the company's own, uploaded and checked at once for what the law wants on it; nothing of it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views import View

from invoicing.mentions import policy, reading
from invoicing.mentions.enums import Found, Paper, Weight
from invoicing.mentions.policy import Finding, Ours
from invoicing.mentions.queries import checked, ours, place_of, remedy_of
from o2c.shared.problems import Refusal
from o2c.shared.views import PermissionMixin

_TONES: Final = {
    Found.MISSING: ("bad", "x"),
    Found.DOUBTFUL: ("warn", "alert-triangle"),
    Found.FOUND: ("ok", "check"),
}
_MUTED: Final = ("mute", "circle-dashed")


class PaperForm(forms.Form):
    """A file and what it is."""

    paper = forms.ChoiceField(label=gettext_lazy("What it is"), choices=Paper.choices)
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy(
            "PDF or DOCX with words in it, at most 10 MB and 60 pages. A filled example reads best."
        ),
        widget=forms.FileInput(attrs={"class": "form-control", "accept": ".pdf,.docx"}),
    )


@dataclass(frozen=True)
class Row:
    """A finding as the page draws it."""

    finding: Finding
    label: str
    tone: str
    icon: str
    place: str
    remedy: str


class CheckPaper(PermissionMixin, View):
    """The form and, below it, what was found in the file just sent."""

    request: Any

    permission = "invoicing.view"

    def get(self, request: Any) -> HttpResponse:
        """Ask for a file."""
        return self._draw(PaperForm())

    def post(self, request: Any) -> HttpResponse:
        """Check it."""
        form = PaperForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._draw(form, status=422)
        upload = form.cleaned_data["file"]
        try:
            if upload.size > reading.LARGEST:
                raise reading.PaperTooLarge
            paper, known = Paper(form.cleaned_data["paper"]), ours(request.company, on=timezone.localdate())
            findings = checked(upload.read(), paper, known)
        except Refusal as refusal:
            form.add_error("file", str(refusal))
            return self._draw(form, status=422)
        missing, doubtful = policy.verdict(findings)
        return self._draw(
            form,
            file_name=upload.name,
            paper=paper.label,
            rows=[_row(finding, known) for finding in findings],
            missing=missing,
            verdict=_verdict(missing, doubtful),
            tone="bad" if missing else "warn" if doubtful else "ok",
        )

    def _draw(self, form: PaperForm, status: int = 200, **found: Any) -> HttpResponse:
        context = {"menu": "anomalies", "title": _("Check a paper"), "form": form, **found}
        return render(self.request, "invoicing/check_paper.html", context, status=status)


def _verdict(missing: int, doubtful: int) -> str:
    if missing:
        return ngettext(
            "%(n)s mention that the law asks for is missing",
            "%(n)s mentions that the law asks for are missing",
            missing,
        ) % {"n": missing}
    if doubtful:
        return ngettext("%(n)s mention is doubtful", "%(n)s mentions are doubtful", doubtful) % {
            "n": doubtful
        }
    return _("Every mention that the law asks for is there")


def _row(finding: Finding, known: Ours) -> Row:
    is_open = finding.found is Found.MISSING and finding.weight is not Weight.MUST
    tone, icon = _MUTED if is_open else _TONES[finding.found]
    label = _("not seen") if is_open and finding.weight is Weight.DEPENDS else str(finding.found.label)
    return Row(finding, label, tone, icon, place_of(finding), remedy_of(finding, known))
