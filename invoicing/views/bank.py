"""Pages of the bank: statements, a file on its way in, accounts, what the bank took back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, Final

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views import View

from accounts.models import Company
from invoicing import bank_lists, services
from invoicing.bank_forms import BankAccountForm, LeaveForm, SettleForm, UploadForm
from invoicing.bank_tables import StatementFilter, StatementTable
from invoicing.enums import LineOutcome, ReturnStatus
from invoicing.models import ReturnProposal, StatementFile
from invoicing.statement_shapes import continuity_in_words
from o2c.shared import formats, work
from o2c.shared.models import Work
from o2c.shared.problems import Refusal
from o2c.shared.views import Action, Empty, ListPage, PermissionMixin

from .base import translated

_STOP_POLLING: Final = 286
_LINES: Final = 200
_MENU: Final = "bank"


class StatementList(ListPage):
    """Bank statements, the latest first."""

    request: Any

    title, menu, permission = gettext_lazy("Bank statements"), _MENU, "bank.view"
    table_class, filterset_class, export_name = StatementTable, StatementFilter, "bank-statements"
    template_name = "invoicing/statements.html"
    empty = Empty(
        "building-bank",
        gettext_lazy("Bank statements will stand here"),
        gettext_lazy(
            "Name the company's bank account, then bring in the file of the bank: CFONB 120, CAMT.053 or MT940. You see"
            " first what would happen; the same file twice counts once."
        ),
    )

    def get_queryset(self) -> QuerySet[Any]:
        """Return the statements that the reader may see."""
        return bank_lists.statements(self.request.user, self.request.company)

    def get_subtitle(self, rows: QuerySet[Any]) -> str:
        """Return how many returns wait for a decision."""
        waiting = bank_lists.open_returns(self.request.user, self.request.company).count()
        return (
            ngettext("%(n)s return to be decided", "%(n)s returns to be decided", waiting)
            % {"n": formats.number(waiting, get_language() or "fr")}
            if waiting
            else ""
        )

    def get_actions(self) -> list[Action]:
        """Return the way to the accounts, and to bring in a file."""
        found = [Action(_("Bank accounts"), reverse("invoicing:bank_accounts"), "building-bank")]
        if self.request.user.may("bank.import", self.request.company):
            found.append(
                Action(
                    _("Bring in a statement"), reverse("invoicing:import_statement"), "upload", primary=True
                )
            )
        return found

    def get_context(self, **extra: Any) -> dict[str, Any]:
        """Add what waits: returns to decide, files looked at and not booked."""
        user, company = self.request.user, self.request.company
        return {
            **extra,
            "returns": list(bank_lists.open_returns(user, company)[:20]),
            "files": list(bank_lists.waiting_files(user, company)[:5]),
        }


class _Page(PermissionMixin, View):
    """A page of the bank of the company at work."""

    permission = "bank.view"
    request: Any

    @property
    def company(self) -> Company:
        """The company at work."""
        if self.request.company is None:
            raise Http404
        found: Company = self.request.company
        return found

    def draw(self, template: str, status: int = 200, **context: Any) -> HttpResponse:
        """Draw a page of it."""
        return render(self.request, f"invoicing/{template}.html", {"menu": _MENU, **context}, status=status)


class StatementPage(_Page):
    """One statement with its lines and what became of each."""

    def get(self, request: Any, key: int) -> HttpResponse:
        """Draw it, a page of lines at a time."""
        found = bank_lists.statements(request.user, None).filter(pk=key).first()
        if found is None:
            raise Http404
        lines = bank_lists.lines_of(found)
        outcome = request.GET.get("outcome", "")
        if outcome in LineOutcome.values:
            lines = lines.filter(outcome=outcome)
        counts = {
            LineOutcome.PAYMENT: found.payment_lines,
            LineOutcome.RETURN: found.return_lines,
            LineOutcome.DUPLICATE: found.duplicate_lines,
        }
        page = Paginator(lines, _LINES).get_page(request.GET.get("page"))
        return self.draw(
            "statement",
            title=str(found.bank_account),
            statement=found,
            moved=found.closing_balance - found.opening_balance,
            lines=page,
            outcome=outcome,
            counts=[(each, each.label, number) for each, number in counts.items() if number],
            warning=continuity_in_words(found.continuity, found.balance_before),
            may_settle=request.user.may("payments.record", found.company),
        )


class ImportStatement(_Page):
    """Bring in a file: it is looked at first."""

    permission = "bank.import"

    def get(self, request: Any) -> HttpResponse:
        """Draw the form."""
        return self._answer(request, UploadForm())

    def post(self, request: Any) -> HttpResponse:
        """Keep the file and look at it."""
        form = UploadForm(request.POST, request.FILES)
        if form.is_valid():
            try:
                with translated():
                    kept = services.receive_file(
                        company=self.company, by=request.user, at=timezone.now(), **form.cleaned_data
                    )
            except Refusal as refusal:
                form.add_error("file", str(refusal))
            else:
                return redirect("invoicing:statement_file", key=kept.pk)
        return self._answer(request, form)

    def _answer(self, request: Any, form: UploadForm) -> HttpResponse:
        accounts = bank_lists.bank_accounts(request.user, self.company)
        return self.draw(
            "statement_import",
            title=_("Bring in a statement"),
            form=form,
            accounts=accounts,
            status=422 if form.errors else 200,
        )


class StatementFilePage(_Page):
    """A file in the state it is in: being read, to be confirmed, being booked, booked, refused."""

    permission = "bank.import"

    def get(self, request: Any, key: int) -> HttpResponse:
        """Draw it."""
        with translated():
            found = services.find_file(request.user, key)
        job = _job(found)
        statements = [_as_shown(each) for each in found.result.get("statements", [])]
        return self.draw(
            "statement_file",
            title=found.original_name,
            file=found,
            job=job,
            waits=job is not None and job.state in {Work.State.QUEUED, Work.State.RUNNING},
            broken=job is not None and job.state == Work.State.FAILED,
            statements=statements,
            is_new=any(each["created"] for each in statements),
            unknown=[each for each in statements if not each["is_known_account"]],
            created=sum(each["created"] for each in statements),
            duplicates=sum(each["duplicates"] for each in statements),
            payments=sum(each["counts"].get(LineOutcome.PAYMENT, 0) for each in statements),
            returns=sum(each["counts"].get(LineOutcome.RETURN, 0) for each in statements),
        )

    def post(self, request: Any, key: int) -> HttpResponse:
        """Book it."""
        try:
            with translated():
                services.book_file(file_id=key, by=request.user, at=timezone.now())
        except Refusal as refusal:
            messages.error(request, str(refusal))
        return redirect("invoicing:statement_file", key=key)


class StatementFileProgress(_Page):
    """The progress line; at the end the page itself is asked for again."""

    permission = "bank.import"

    def get(self, request: Any, key: int) -> HttpResponse:
        """Draw it."""
        with translated():
            found = services.find_file(request.user, key)
        job = _job(found)
        answer = self.draw("_statement_progress", file=found, job=job)
        if job is None or job.state not in {Work.State.QUEUED, Work.State.RUNNING}:
            answer.status_code = _STOP_POLLING
            answer["HX-Refresh"] = "true"
        return answer


def _job(found: StatementFile) -> Any:
    """The work behind a file, with how far it is."""
    if found.work is None:
        return None
    return SimpleNamespace(pk=found.work.pk, result_url="", **work.progress(found.work))


def _as_shown(told: dict[str, Any]) -> dict[str, Any]:
    """A statement of a file as the page shows it: days and amounts as such, lines with their badges."""
    counts, sums = told["counts"], told["sums"]
    return {
        **told,
        "opening_day": date.fromisoformat(told["opening_on"]),
        "closing_day": date.fromisoformat(told["closing_on"]),
        "opening_balance": Decimal(told["opening_balance"]),
        "closing_balance": Decimal(told["closing_balance"]),
        "warning": continuity_in_words(told["continuity"], _decimal(told["balance_before"])),
        "hidden": sum(counts.values()) - len(told["lines"]),
        "parts": [
            (each.label, counts[each], Decimal(sums[each])) for each in LineOutcome if counts.get(each)
        ],
        "lines": [
            {
                **line,
                "booked": date.fromisoformat(line["day"]),
                "amount": Decimal(line["amount"]),
                "badge": f"bank_{line['outcome']}",
            }
            for line in told["lines"]
        ],
    }


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


class BankAccounts(_Page):
    """The company's accounts, and a form to name one more."""

    def get(self, request: Any) -> HttpResponse:
        """Draw them."""
        given = {name: request.GET.get(name, "") for name in ("iban", "bank", "branch", "account")}
        currency = request.GET.get("currency") or self.company.currency
        return self._answer(request, BankAccountForm(initial={**given, "currency": currency}))

    def post(self, request: Any) -> HttpResponse:
        """Name one."""
        form = BankAccountForm(request.POST)
        if form.is_valid():
            asked = form.cleaned_data
            try:
                with translated():
                    named = services.add_bank_account(
                        company=self.company,
                        number=asked.pop("account"),
                        by=request.user,
                        at=timezone.now(),
                        **asked,
                    )
            except Refusal as refusal:
                for field, said in refusal.errors.items():
                    form.add_error(field, [str(text) for text in said])
            else:
                told = _("The account is added.") if named.is_new else _("This account was there already.")
                messages.success(request, told)
                return redirect("invoicing:bank_accounts")
        return self._answer(request, form)

    def _answer(self, request: Any, form: BankAccountForm) -> HttpResponse:
        return self.draw(
            "bank_accounts",
            title=_("Bank accounts"),
            form=form,
            rows=bank_lists.bank_accounts(request.user, self.company),
            may_add=request.user.may("bank.import", self.company),
            status=422 if form.errors else 200,
        )


class ReturnPage(_Page):
    """A movement that takes money back: settle it with a payment, or leave it aside."""

    permission = "payments.record"

    def get(self, request: Any, key: int) -> HttpResponse:
        """Draw it."""
        proposal = self._proposal(request, key)
        return self._answer(proposal, self._settle_form(proposal), LeaveForm())

    def post(self, request: Any, key: int) -> HttpResponse:
        """Do what the person chose."""
        proposal = self._proposal(request, key)
        leaves = request.POST.get("act") == "leave"
        settle = self._settle_form(proposal, None if leaves else request.POST)
        leave = LeaveForm(request.POST if leaves else None)
        form = leave if leaves else settle
        if form.is_valid():
            try:
                with translated():
                    self._act(request, proposal, form)
            except Refusal as refusal:
                for field, said in refusal.errors.items():
                    form.add_error(field if field in form.fields else None, [str(text) for text in said])
                if not refusal.errors:
                    form.add_error(None, str(refusal))
            else:
                return redirect("invoicing:statement", key=proposal.line.statement_id)
        return self._answer(proposal, settle, leave)

    def _act(self, request: Any, proposal: ReturnProposal, form: Any) -> None:
        facts = {"proposal_id": proposal.pk, "by": request.user, "at": timezone.now()}
        if isinstance(form, LeaveForm):
            services.leave_return(reason=form.cleaned_data["reason"], **facts)
            messages.success(request, _("The movement is left aside."))
            return
        chosen = form.cleaned_data["payment"]
        services.settle_return(
            payment_id=int(chosen) if chosen else None, fee=form.cleaned_data["fee"], **facts
        )
        messages.success(request, _("The return is recorded: what it had settled is owed again."))

    def _proposal(self, request: Any, key: int) -> ReturnProposal:
        found: Any = (
            ReturnProposal.objects.visible_to(request.user)
            .select_related("line__statement__bank_account", "payment__account", "decided_by")
            .filter(pk=key)
            .first()
        )
        if found is None:
            raise Http404
        proposal: ReturnProposal = found
        return proposal

    def _settle_form(self, proposal: ReturnProposal, data: Any = None) -> SettleForm:
        line = proposal.line
        candidates = list(services.returnable(line.statement, {-line.amount})[:20])
        if proposal.payment is not None and proposal.payment not in candidates:
            candidates.insert(0, proposal.payment)
        choices = [
            (
                str(payment.pk),
                " · ".join(
                    filter(
                        None,
                        (
                            formats.date_short(payment.received_on),
                            payment.account.name if payment.account else payment.payer_name,
                            str(payment.get_method_display()),
                            payment.external_id,
                        ),
                    )
                ),
            )
            for payment in candidates
        ]
        return SettleForm(data, choices=choices, initial={"payment": proposal.payment_id or ""})

    def _answer(self, proposal: ReturnProposal, settle: SettleForm, leave: LeaveForm) -> HttpResponse:
        return self.draw(
            "bank_return",
            title=_("Money the bank took back"),
            proposal=proposal,
            line=proposal.line,
            statement=proposal.line.statement,
            amount=-proposal.line.amount,
            is_open=proposal.status == ReturnStatus.OPEN,
            settle=settle,
            leave=leave,
            status=422 if settle.errors or leave.errors else 200,
        )
