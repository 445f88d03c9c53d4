"""Clients: opened or brought in line, as PUT does; an empty cell leaves what is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from accounts.enums import PaymentMethod, RiskClass
from accounts.identifiers import check_siren
from accounts.models import CustomerAccount
from credit.api.entry import enter_client
from credit.locks import lock_credit_of

from .base import (
    CheckedWidget,
    ChoiceWidget,
    CurrencyWidget,
    Entry,
    ImportField,
    KindResource,
    Outcome,
    Progress,
    TextWidget,
)
from .documents import METHOD_WORDS
from .trying import tried

_ADDRESS: Final = {"address": "line1", "address2": "line2", "postcode": "postcode", "city": "city"}
_CONTACT: Final = {"contact_name": "name", "contact_email": "email", "contact_phone": "phone"}
_PROGRESS_EVERY: Final = 50


class AccountResource(KindResource):
    """One line is one client."""

    kind = "accounts"
    permission = "accounts.edit"

    code = ImportField(
        TextWidget(40, key=True), _("Client code"), "code client", "client", "n° client", "compte",
        "compte client", "customer", "customer code", "customer id", required=True, sample="C1000",
    )  # fmt: skip
    name = ImportField(
        TextWidget(200), _("Name"), "nom", "raison sociale", "libellé", "intitulé", "customer name", "company name",
        "dénomination", required=True, sample="Ateliers Mirabel",
    )  # fmt: skip
    siren = ImportField(CheckedWidget(check_siren), "SIREN", "n° siren", sample="732829320")
    siret = ImportField(TextWidget(30), "SIRET", "n° siret")
    vat_number = ImportField(
        TextWidget(30),
        _("VAT number"),
        "n° tva",
        "tva intracommunautaire",
        "n° tva intracommunautaire",
        "vat",
    )
    country = ImportField(TextWidget(2, upper=True), _("Country"), "pays", "code pays", sample="FR")
    address = ImportField(
        TextWidget(200), _("Address"), "adresse", "adresse 1", "rue", "address line1", "street",
        sample="3 rue des Forges",
    )  # fmt: skip
    address2 = ImportField(
        TextWidget(200), _("Address, continued"), "adresse 2", "complément d'adresse", "address line2"
    )
    postcode = ImportField(
        TextWidget(12), _("Postcode"), "code postal", "cp", "zip", "postal code", sample="69003"
    )
    city = ImportField(TextWidget(100), _("City"), "ville", "commune", "town", sample="Lyon")
    currency = ImportField(CurrencyWidget(), _("Currency"), "devise", "monnaie", sample="EUR")
    term = ImportField(
        TextWidget(40, upper=True), _("Payment term"), "conditions de paiement", "condition de règlement",
        "délai", "terms", sample="NET30",
    )  # fmt: skip
    risk_class = ImportField(
        ChoiceWidget(RiskClass.values), _("Risk class"), "classe", "classe de risque", "class", sample="C"
    )
    payment_method = ImportField(
        ChoiceWidget(PaymentMethod.values, METHOD_WORDS), _("Payment method"), "mode de règlement",
        "mode de paiement", sample="virement",
    )  # fmt: skip
    language = ImportField(
        ChoiceWidget(("fr", "en"), {"français": "fr", "anglais": "en", "french": "fr", "english": "en"}),
        _("Language"), "langue",
    )  # fmt: skip
    sales_rep = ImportField(
        TextWidget(150), _("Sales rep"), "commercial", "représentant", "vendeur", "rep", "salesperson"
    )
    group = ImportField(TextWidget(40), _("Group"), "groupe", "code groupe")
    contact_name = ImportField(TextWidget(120), _("Contact"), "contact", "interlocuteur", "nom du contact")
    contact_email = ImportField(
        TextWidget(254), _("E-mail"), "e-mail", "email", "mail", "courriel", "adresse e-mail"
    )
    contact_phone = ImportField(TextWidget(30), _("Telephone"), "téléphone", "tél", "tel", "phone")

    def entry(self, line: int, values: Mapping[str, Any]) -> Entry:
        """The body that PUT takes."""
        given = {name: value for name, value in values.items() if value is not None}
        body = {name: value for name, value in given.items() if name not in {*_ADDRESS, *_CONTACT}}
        if currency := self.currency(values):
            body["currency"] = currency
        if any(name in given for name in _ADDRESS):
            body["address"] = {short: given.get(name, "") for name, short in _ADDRESS.items()}
        if any(name in given for name in _CONTACT):
            contact = {short: given[name] for name, short in _CONTACT.items() if name in given}
            body["contacts"] = [{"name": given["name"], **contact}]
        return Entry((line,), body)

    def enter(
        self, entries: Sequence[Entry], *, at: datetime, progress: Progress | None, only_ask: bool
    ) -> Iterable[Outcome]:
        """Open or change one after the other; the credit of those who may move is locked first, in one order."""
        if not only_ask:
            codes = [entry.value["code"] for entry in entries]
            known = CustomerAccount.objects.visible_to(self.by, self.company).filter(code__in=codes)
            lock_credit_of(sorted(known.values_list("pk", flat=True)))
        for done, entry in enumerate(entries, start=1):
            yield tried(enter_client, entry.value, company=self.company, by=self.by, at=at)
            if progress is not None and done % _PROGRESS_EVERY == 0:
                progress(done)

    def field_of(self, name: str) -> str:
        """``address.line1`` and ``contacts.0.email`` are columns of their own here."""
        short = {f"address.{short}": ours for ours, short in _ADDRESS.items()}
        short |= {f"contacts.0.{theirs}": ours for ours, theirs in _CONTACT.items()}
        return short.get(name, name)
