"""The shape of clients in and out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from accounts.enums import CapRegime, ContactRole, PaymentMethod, RiskClass
from accounts.models import CustomerAccount
from accounts.services import AccountFields
from o2c.shared.api.bodies import CurrencyField, KeyField

Shape = serializers.Serializer[Any]


class AddressShape(Shape):
    """A postal address."""

    line1 = serializers.CharField(max_length=200, allow_blank=True)
    line2 = serializers.CharField(max_length=200, allow_blank=True, required=False)
    postcode = serializers.CharField(max_length=12, allow_blank=True)
    city = serializers.CharField(max_length=100, allow_blank=True)


class ContactShape(Shape):
    """A person at the client's."""

    name = serializers.CharField(max_length=120)
    role = serializers.ChoiceField(ContactRole.choices, required=False)
    email = serializers.EmailField(max_length=254, allow_blank=True, required=False)
    phone = serializers.CharField(max_length=30, allow_blank=True, required=False)


class AccountBody(Shape):
    """What may be said of a client; what is left out stays as it is."""

    name = serializers.CharField(max_length=200)
    siren = serializers.CharField(max_length=20, allow_null=True, allow_blank=True, required=False)
    siret = serializers.CharField(max_length=30, allow_null=True, allow_blank=True, required=False)
    vat_number = serializers.CharField(max_length=30, allow_null=True, allow_blank=True, required=False)
    country = serializers.RegexField(r"^[A-Za-z]{2}$", required=False)
    address = AddressShape(required=False, allow_null=True)
    currency = CurrencyField(required=False)
    term = serializers.CharField(max_length=40, required=False)
    cap_regime = serializers.ChoiceField(CapRegime.choices, required=False)
    risk_class = serializers.ChoiceField(RiskClass.choices, required=False)
    payment_method = serializers.ChoiceField(PaymentMethod.choices, required=False)
    sales_rep = serializers.CharField(max_length=150, allow_null=True, allow_blank=True, required=False)
    group = serializers.CharField(max_length=40, allow_null=True, allow_blank=True, required=False)
    language = serializers.ChoiceField([("fr", "fr"), ("en", "en")], required=False)
    contacts = ContactShape(many=True, required=False)
    term_override_reason = serializers.CharField(max_length=2000, allow_blank=True, required=False)


class AccountCreate(AccountBody):
    """A new client."""

    code = KeyField(max_length=40)


class AccountChange(AccountBody):
    """A change; ``version`` as it was read, to refuse what somebody else has changed meanwhile."""

    version = serializers.IntegerField(min_value=0, max_value=2_147_483_647, required=False, allow_null=True)


class EntityShape(Shape):
    """The legal person above a client."""

    siren = serializers.CharField(allow_null=True)
    name = serializers.CharField()
    country = serializers.CharField()
    group = serializers.CharField(allow_null=True)


class AccountAnswer(Shape):
    """A client as the API shows it."""

    code = serializers.CharField()
    company = serializers.CharField()
    name = serializers.CharField()
    siren = serializers.CharField(allow_null=True)
    siret = serializers.CharField(allow_null=True)
    vat_number = serializers.CharField(allow_null=True)
    country = serializers.CharField()
    address = AddressShape()
    currency = serializers.CharField()
    term = serializers.CharField()
    cap_regime = serializers.CharField()
    risk_class = serializers.CharField()
    payment_method = serializers.CharField()
    sales_rep = serializers.CharField(allow_null=True)
    group = serializers.CharField(allow_null=True)
    language = serializers.CharField()
    contacts = ContactShape(many=True)
    status = serializers.CharField()
    opened_on = serializers.DateField()
    version = serializers.IntegerField()
    entity = EntityShape()


def account_fields(body: Mapping[str, Any]) -> AccountFields:
    """What a body says, as the acts take it: the address taken apart, envelope fields left out."""
    fields: dict[str, Any] = {
        name: value
        for name, value in body.items()
        if name not in {"address", "code", "version", "term_override_reason", "contacts"}
    }
    if "address" in body:
        address = body["address"] or {}
        fields |= {
            "address_line1": address.get("line1", ""),
            "address_line2": address.get("line2", ""),
            "postcode": address.get("postcode", ""),
            "city": address.get("city", ""),
        }
    if "contacts" in body:
        fields["contacts"] = [dict(contact) for contact in body["contacts"]]
    return fields  # type: ignore[return-value]


def account_answer(account: CustomerAccount) -> dict[str, Any]:
    """A client as the API shows it; ``account`` comes from ``queries.client_list`` with its contacts."""
    entity = account.entity
    group = entity.group.code if entity.group else None
    return {
        "code": account.code,
        "company": account.company.code,
        "name": account.name,
        "siren": entity.siren,
        "siret": account.siret or None,
        "vat_number": account.vat_number or None,
        "country": account.country,
        "address": {
            "line1": account.address_line1,
            "line2": account.address_line2,
            "postcode": account.postcode,
            "city": account.city,
        },
        "currency": account.currency,
        "term": account.term,
        "cap_regime": account.cap_regime,
        "risk_class": account.risk_class,
        "payment_method": account.payment_method,
        "sales_rep": getattr(account, "rep_username", None),
        "group": group,
        "language": account.language,
        "contacts": [
            {"name": c.name, "role": c.role, "email": c.email, "phone": c.phone}
            for c in account.contacts.all()
        ],
        "status": account.status,
        "opened_on": account.opened_on,
        "version": account.version,
        "entity": {
            "siren": entity.siren,
            "name": entity.name,
            "country": entity.country,
            "group": group,
        },
    }
