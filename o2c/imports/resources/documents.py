"""Invoices and payments: entered together, with a few statements for a whole file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from sys import intern
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.api.base import AccountUnknown
from accounts.enums import PaymentMethod
from accounts.identifiers import check_iban
from accounts.models import CustomerAccount
from accounts.policy import UnknownTerm, parse_term
from invoicing import services
from invoicing.api.entry import enter_payment
from invoicing.enums import Origin
from invoicing.services import Debtor, DocumentRow, PaymentRow
from o2c.shared.api.bodies import body_hash

from .base import (
    CheckedWidget,
    ChoiceWidget,
    CurrencyWidget,
    DayWidget,
    Entry,
    ImportField,
    KindResource,
    NumberWidget,
    Outcome,
    Progress,
    TextWidget,
    Wrong,
)
from .trying import tried

METHOD_WORDS: Final = {
    "virement": "transfer",
    "prélèvement": "direct_debit",
    "prélèvement core": "direct_debit",
    "prélèvement sepa core": "direct_debit",
    "prélèvement b2b": "sdd_b2b",
    "prélèvement sepa b2b": "sdd_b2b",
    "prélèvement interentreprises": "sdd_b2b",
    "chèque": "cheque",
    "check": "cheque",
    "carte": "card",
    "carte bancaire": "card",
    "traite": "lcr",
    "billet à ordre": "bor",
    "compensation": "offset",
}
YES_NO: Final = {"oui": "yes", "non": "no", "1": "yes", "0": "no", "true": "yes", "false": "no", "x": "yes"}


class _OfAccounts(KindResource):
    """A kind whose lines name a client."""

    @cached_property
    def accounts(self) -> dict[str, Debtor]:
        """Every client of the company that this person may see, by code."""
        seen = CustomerAccount.objects.visible_to(self.by, self.company)
        found = seen.values_list("code", "pk", "currency", "term").iterator(chunk_size=5000)
        # A hundred thousand clients share a few currencies and terms: each text is held once.
        return {
            code: Debtor(pk, self.company.pk, intern(currency), intern(term))
            for code, pk, currency, term in found
        }

    def unknown(self) -> AccountUnknown:
        """The refusal of a line that names a client nobody knows."""
        text = _("There is no client with this code: import the clients first, or mend the code.")
        return AccountUnknown(errors={"account": [text]})


class InvoiceResource(_OfAccounts):
    """Documents issued elsewhere: each keeps its number and total; a negative total is a credit note."""

    kind = "invoices"
    permission = "invoicing.import"

    number = ImportField(
        TextWidget(60, key=True), _("Number"), "n° facture", "numéro de facture", "facture", "numéro", "n°",
        "pièce", "n° pièce", "invoice", "invoice number", "document", required=True, sample="F-2026-0001",
    )  # fmt: skip
    account = ImportField(
        TextWidget(40), _("Client code"), "code client", "client", "compte", "n° client", "compte client",
        "customer", "customer code", "customer id", "account", required=True, sample="C0001",
    )  # fmt: skip
    issue_date = ImportField(
        DayWidget(), _("Issue date"), "date", "date de facture", "date facture", "date d'émission", "émission",
        "date pièce", "invoice date", required=True, sample="05/11/2026",
    )  # fmt: skip
    due_date = ImportField(
        DayWidget(), _("Due date"), "échéance", "date d'échéance", "date échéance", sample="05/12/2026"
    )
    total_incl_vat = ImportField(
        NumberWidget(2), _("Amount incl. VAT"), "montant ttc", "total ttc", "ttc", "montant", "amount",
        "invoice amount", "total", required=True, sample="1 200,00",
    )  # fmt: skip
    currency = ImportField(CurrencyWidget(), _("Currency"), "devise", "monnaie", sample="EUR")
    term = ImportField(
        TextWidget(40, upper=True), _("Payment term"), "conditions de paiement", "condition de règlement",
        "délai", "terms", sample="NET30",
    )  # fmt: skip
    customer_reference = ImportField(
        TextWidget(120), _("Client's reference"), "référence client", "votre référence", "référence",
        "n° commande client", "reference", sample="PO-4711",
    )  # fmt: skip

    def entry(self, line: int, values: Mapping[str, Any]) -> Entry:
        """One line is one document.

        :raises Wrong: a term nobody can read
        """
        currency = self.currency(values)
        if values.get("term"):
            try:
                parse_term(values["term"])
            except UnknownTerm as error:
                raise Wrong(f"{self.column_of['term']}: {error}") from error
        # As the API reads the same document, so that both know it again.
        body = {
            "number": values["number"],
            "account": values["account"],
            "issue_date": values["issue_date"],
            "due_date": values.get("due_date"),
            "term": values.get("term"),
            "currency": currency,
            "customer_reference": values.get("customer_reference"),
            "total_incl_vat": values["total_incl_vat"],
            "origin": Origin.IMPORTED.value,
        }
        account = self.accounts.get(values["account"])
        if account is None:
            return Entry((line,), self.unknown())
        row = DocumentRow(
            account=account,
            number=values["number"],
            issue_date=values["issue_date"],
            total_incl_vat=values["total_incl_vat"],
            creation_hash=body_hash(body),
            due_date=values.get("due_date"),
            term=values.get("term") or "",
            currency=currency or "",
            customer_reference=values.get("customer_reference") or "",
        )
        return Entry((line,), row, row.total_incl_vat, currency or account.currency)

    def enter(
        self, entries: Sequence[Entry], *, at: datetime, progress: Progress | None, only_ask: bool
    ) -> Iterable[Outcome]:
        """Enter them together."""
        rows = [entry.value for entry in entries if isinstance(entry.value, DocumentRow)]
        if only_ask:
            found = [verdict for verdict, _parts in services.document_verdicts(self.company, rows, at=at)]
        else:
            found = services.enter_documents(
                company=self.company, rows=rows, by=self.by, at=at, progress=progress
            )
        verdicts = iter(found)
        for entry in entries:
            yield next(verdicts) if isinstance(entry.value, DocumentRow) else entry.value


class PaymentResource(_OfAccounts):
    """Money received; matched with what it names only where a column says so."""

    kind = "payments"
    permission = "payments.record"

    external_id = ImportField(
        TextWidget(120, key=True), _("Payment number"), "identifiant", "n° règlement", "numéro de règlement",
        "n° paiement", "id", "external id", "payment id", "n° opération", "payment", required=True,
        sample="VIR-2026-0001",
    )  # fmt: skip
    account = ImportField(
        TextWidget(40), _("Client code"), "code client", "client", "compte", "n° client", "compte client",
        "customer", "customer code", "account", sample="C0001",
    )  # fmt: skip
    date = ImportField(
        DayWidget(), _("Date"), "date de règlement", "date règlement", "date d'opération", "date de valeur",
        "received on", "payment date", required=True, sample="20/11/2026",
    )  # fmt: skip
    amount = ImportField(
        NumberWidget(2), _("Amount"), "montant", "montant réglé", required=True, sample="1 200,00"
    )
    currency = ImportField(CurrencyWidget(), _("Currency"), "devise", "monnaie", sample="EUR")
    method = ImportField(
        ChoiceWidget(PaymentMethod.values, METHOD_WORDS), _("Payment method"), "mode de règlement",
        "mode de paiement", "mode", "method", sample="virement",
    )  # fmt: skip
    reference = ImportField(
        TextWidget(300),
        _("Reference"),
        "référence",
        "libellé",
        "motif",
        "text",
        "label",
        sample="F-2026-0001",
    )
    payer_name = ImportField(TextWidget(200), _("Payer"), "donneur d'ordre", "payeur", "payer name")
    payer_iban = ImportField(CheckedWidget(check_iban), "IBAN", "iban du payeur", "payer iban")
    match = ImportField(
        ChoiceWidget(("yes", "no"), YES_NO), pgettext_lazy("column", "Match at once"), "lettrer", "lettrage",
        sample="non",
    )  # fmt: skip

    def entry(self, line: int, values: Mapping[str, Any]) -> Entry:
        """One line is one payment."""
        currency = self.currency(values)
        code = values.get("account")
        account = self.accounts.get(code) if code else None
        if code and account is None:
            return Entry((line,), self.unknown())
        body = {
            "external_id": values["external_id"],
            "account": code,
            "date": values["date"],
            "amount": values["amount"],
            "currency": currency,
            "method": values.get("method") or PaymentMethod.TRANSFER.value,
            "reference": values.get("reference") or "",
            "payer_iban": values.get("payer_iban") or "",
            "payer_name": values.get("payer_name") or "",
            "match": values.get("match") == "yes",
        }
        booked_in = currency or (account.currency if account else self.company.currency)
        if body["match"]:
            document = {name: value for name, value in body.items() if value not in (None, "")}
            return Entry((line,), document | {"date": body["date"].isoformat()}, body["amount"], booked_in)
        row = PaymentRow(
            account=account,
            external_id=body["external_id"],
            received_on=body["date"],
            amount=body["amount"],
            currency=booked_in,
            method=body["method"],
            reference=body["reference"],
            payer_name=body["payer_name"],
            payer_iban=body["payer_iban"],
            creation_hash=body_hash(body),
        )
        return Entry((line,), row, row.amount, booked_in)

    def enter(
        self, entries: Sequence[Entry], *, at: datetime, progress: Progress | None, only_ask: bool
    ) -> Iterable[Outcome]:
        """Record those without matching together, then each of the others, so that it finds what it pays."""
        rows = [entry.value for entry in entries if isinstance(entry.value, PaymentRow)]
        if only_ask:
            found = services.payment_verdicts(self.company, rows, at=at)
        else:
            found = services.enter_payments(
                company=self.company, rows=rows, by=self.by, at=at, progress=progress
            )
        verdicts = iter(found)
        for entry in entries:
            if isinstance(entry.value, PaymentRow):
                yield next(verdicts)
            elif isinstance(entry.value, dict):
                yield tried(enter_payment, entry.value, company=self.company, by=self.by, at=at)
            else:
                yield entry.value
