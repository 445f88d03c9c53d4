"""Several held orders decided with one reason: what would happen, and what did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views import View

from credit.authority import role_label
from credit.written.policy import position_of
from credit.written.queries import Quote, quotes_of
from o2c.shared import work
from o2c.shared.calendar import paris_date
from o2c.shared.views import PermissionMixin

from .. import services
from ..forms import ReasonForm
from ..models import HoldCase, MassDecision, MassDecisionItem
from ..queries import hold_queue
from ..tables import order_url

_MOST_AT_ONCE = 500
# As many are decided while the page waits; more are left to the workers.
_WHILE_WAITING = 8
_STOP_POLLING = 286
_EXAMPLE = gettext_lazy("For example: payment of the late items has been announced by their bank.")


class DecideMany(PermissionMixin, View):
    """Release or refuse several orders with one reason, within the chooser's authority."""

    permission = "orders.release"
    http_method_names = ["post", "options"]
    request: Any

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Show what would happen; with a reason, do it."""
        token = _token(request.POST.get("token", ""))
        made = MassDecision.objects.filter(token=token, decided_by=self.request.user).first()
        if made is not None:  # sent twice
            return redirect("orders:decided", made.pk)
        release = request.POST.get("action") != "refuse"
        cases = self._cases(request.POST.getlist("ids"))
        if not cases:
            messages.error(request, _("None of the chosen orders waits any more."))
            return redirect("orders:holds")
        allowed, others = self._sorted(cases)
        if "confirmed" not in request.POST:
            return self._ask(release, allowed, others, ReasonForm(example=_EXAMPLE), token)
        form = ReasonForm(request.POST, example=_EXAMPLE)
        if not form.is_valid():
            return self._ask(release, allowed, others, form, token, status=422)
        made, asked = services.decide_many(
            token=token,
            company=self.request.company,
            act=MassDecision.Act.RELEASE if release else MassDecision.Act.REFUSE,
            orders=[case.order for case in allowed],
            others=[(other["case"].order, other["said"]) for other in others],
            reason=form.cleaned_data["reason"],
            by=self.request.user,
            at=timezone.now(),
        )
        if len(asked) <= _WHILE_WAITING:
            for piece in asked:
                work.run(piece)
        return redirect("orders:decided", made.pk)

    def _cases(self, keys: Sequence[str]) -> list[HoldCase]:
        chosen = [int(key) for key in keys if key.isdecimal()][:_MOST_AT_ONCE]
        company = self.request.company
        return list(hold_queue(self.request.user, company).filter(pk__in=chosen))

    def _sorted(self, cases: Sequence[HoldCase]) -> tuple[list[HoldCase], list[dict[str, Any]]]:
        """Those within the reader's authority, and the others with who may."""
        at = timezone.now()
        allowed, others = [], []
        for case in cases:
            blockers, needed = services.blockers_for(case.order, by=self.request.user, at=at)
            if not blockers:
                allowed.append(case)
                continue
            said = services.why_not(four_eyes="four_eyes" in blockers, role=str(role_label(needed.role)))
            others.append({"case": case, "said": said})
        return allowed, others

    def _ask(
        self,
        release: bool,
        allowed: Sequence[HoldCase],
        others: Sequence[dict[str, Any]],
        form: ReasonForm,
        token: UUID,
        *,
        status: int = 200,
    ) -> HttpResponse:
        count = len(allowed)
        if release:
            title = ngettext("Release %(count)d order", "Release %(count)d orders", count) % {"count": count}
        else:
            title = ngettext("Refuse %(count)d order", "Refuse %(count)d orders", count) % {"count": count}
        context = {
            "title": title,
            "menu": "holds",
            "release": release,
            "token": token,
            "allowed": [(case, order_url(case.order)) for case in allowed],
            "others": [{**other, "url": order_url(other["case"].order)} for other in others],
            "form": form,
            "quotes": self._quotes(allowed),
        }
        return render(self.request, "orders/decide.html", context, status=status)

    def _quotes(self, cases: Sequence[HoldCase]) -> list[Quote]:
        """The articles that keep these orders, as the policy says them today."""
        numbers = {hold.policy_article for case in cases for hold in case.active}  # type: ignore[attr-defined]
        company, today = self.request.company, paris_date(timezone.now())
        found = quotes_of(company.pk, numbers, on=today) if company is not None else {}
        return [found[number] for number in sorted(found, key=position_of)]


class Decided(PermissionMixin, View):
    """What came of a decision on several orders; 286 tells htmx to stop asking."""

    permission = "orders.release"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Draw the page, or the part that renews itself."""
        made = MassDecision.objects.filter(pk=pk, decided_by=request.user).first()  # type: ignore[misc]
        if made is None:
            raise Http404
        items = list(made.items.select_related("order__account").order_by("pk"))
        states = MassDecisionItem.State
        left = sum(item.state == states.WAITING for item in items)
        release = made.act == MassDecision.Act.RELEASE
        done = [item for item in items if item.state == states.DONE]
        context = {
            "title": _("Release with one reason") if release else _("Refusal with one reason"),
            "menu": "holds",
            "made": made,
            "release": release,
            "went": [(item, order_url(item.order)) for item in done],
            "stay": [(item, order_url(item.order)) for item in items if item.state == states.STAYS],
            "left": left,
            "total": len(items),
            "finished": len(items) - left,
        }
        if request.headers.get("HX-Request"):
            return render(request, "orders/_decided.html", context, status=200 if left else _STOP_POLLING)
        return render(request, "orders/decided.html", context)


def _token(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return uuid4()
