"""What invoices say of the company and of a client: changed on the page, never on a document that was issued."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.identifiers import check_iban, check_siret, check_vat, clean_identifier
from accounts.models import Company, CustomerAccount, User
from invoicing.models import BuyerDetails, SellerDetails
from o2c.shared import audit
from o2c.shared.problems import Invalid, NotFound

from .shared import require

SELLER_RIGHT: Final = "policy.change"
BUYER_RIGHT: Final = "accounts.edit"
# Of the company's own row: what documents print of it beside its details.
COMPANY_FIELDS: Final = ("name", "legal_form", "vat_number", "address_line1", "postcode", "city")
SELLER_FIELDS: Final = (
    "share_capital", "register_town", "siret", "phone", "email", "iban", "bic", "bank_name",
    "electronic_address", "operation_category", "vat_on_debits", "vat_franchise", "penalty_rate",
    "discount_terms", "mails_documents", "hands_over_documents",
    "sends_statements",
)  # fmt: skip
BUYER_FIELDS: Final = (
    "electronic_address", "electronic_scheme", "reference", "vat_treatment", "exemption_text", "billing_name",
    "billing_line1", "billing_line2", "billing_postcode", "billing_city", "billing_country", "delivery_name",
    "delivery_line1", "delivery_line2", "delivery_postcode", "delivery_city", "delivery_country",
    "mails_documents", "statements",
)  # fmt: skip
_IDENTIFIERS: Final = frozenset({"siret", "vat_number", "iban", "bic"})


def seller_values(company: Company) -> dict[str, Any]:
    """What documents of a company will say of it, by field."""
    details = SellerDetails.objects.filter(company=company).first() or SellerDetails(company=company)
    return _values(company, COMPANY_FIELDS) | _values(details, SELLER_FIELDS)


def buyer_values(account: CustomerAccount) -> dict[str, Any]:
    """What documents of a client will say of it beyond its own row, by field."""
    details = BuyerDetails.objects.filter(account=account).first() or BuyerDetails(account=account)
    return _values(details, BUYER_FIELDS)


def change_seller(*, company: Company, values: Mapping[str, Any], by: User, at: datetime) -> dict[str, Any]:
    """Change what documents issued from now on say of the company; documents issued before keep theirs.

    :param values: by field of ``COMPANY_FIELDS`` and ``SELLER_FIELDS``; what is left out stays
    :returns: the fields that changed, with their new values
    :raises NotAllowed: without the right
    :raises Invalid: per field what is wrong
    """
    require(by, SELLER_RIGHT, company)
    wanted = _cleaned(values)
    with transaction.atomic():
        row = Company.objects.select_for_update(no_key=True).get(pk=company.pk)
        details = SellerDetails.objects.filter(company=row).first() or SellerDetails(company=row)
        before = _values(row, COMPANY_FIELDS) | _values(details, SELLER_FIELDS)
        changed = {name: value for name, value in wanted.items() if before[name] != value}
        if not changed:
            return {}
        for name, value in changed.items():
            setattr(row if name in COMPANY_FIELDS else details, name, value)
        _refuse_wrong(
            _field_errors(row, COMPANY_FIELDS)
            | _field_errors(details, SELLER_FIELDS)
            | _seller_errors(row, changed)
        )
        row.save(update_fields=list(COMPANY_FIELDS))
        details.save()
        audit.record(
            "company.details_changed",
            row,
            by=by,
            at=at,
            label=row.code,
            company_id=row.pk,
            before={name: before[name] for name in changed},
            after=changed,
        )
    return changed


def change_buyer(*, account_id: int, values: Mapping[str, Any], by: User, at: datetime) -> dict[str, Any]:
    """Change what documents issued from now on say of a client; documents issued before keep theirs.

    :param values: by field of ``BUYER_FIELDS``; what is left out stays
    :returns: the fields that changed, with their new values
    :raises NotFound: no such client, or not this user's to see
    :raises NotAllowed: without the right
    :raises Invalid: per field what is wrong
    """
    wanted = _cleaned(values)
    with transaction.atomic():
        seen = CustomerAccount.objects.visible_to(by).filter(pk=account_id).first()
        if seen is None:
            raise NotFound(code="account_not_found")
        require(by, BUYER_RIGHT, seen.company_id)
        account = CustomerAccount.objects.select_for_update(of=("self",), no_key=True).get(pk=seen.pk)
        details = BuyerDetails.objects.filter(account=account).first() or BuyerDetails(account=account)
        before = _values(details, BUYER_FIELDS)
        changed = {name: value for name, value in wanted.items() if before[name] != value}
        if not changed:
            return {}
        for name, value in changed.items():
            setattr(details, name, value)
        _refuse_wrong(_field_errors(details, BUYER_FIELDS) | _buyer_errors(details))
        details.save()
        audit.record(
            "account.invoice_details_changed",
            account,
            by=by,
            at=at,
            label=account.code,
            company_id=account.company_id,
            account_id=account.pk,
            # Names and addresses may be those of people: the journal says which changed, not to what.
            after={"fields": sorted(changed)},
        )
    return changed


def _values(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _cleaned(values: Mapping[str, Any]) -> dict[str, Any]:
    """Texts without blanks around them, identifiers without any."""
    return {name: _clean(name, value) if isinstance(value, str) else value for name, value in values.items()}


def _clean(name: str, value: str) -> str:
    return clean_identifier(value).upper() if name in _IDENTIFIERS else value.strip()


def _refuse_wrong(errors: Mapping[str, list[str]]) -> None:
    if errors:
        raise Invalid(errors=errors)


def _seller_errors(company: Company, changed: Mapping[str, Any]) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    if siret := changed.get("siret"):
        if problem := check_siret(siret).problem:
            errors["siret"] = [problem]
        elif company.siren and not siret.startswith(company.siren):
            errors["siret"] = [
                _("It does not begin with the company’s SIREN, %(siren)s.") % {"siren": company.siren}
            ]
    if (number := changed.get("vat_number")) and (problem := check_vat(number).problem):
        errors["vat_number"] = [problem]
    if (iban := changed.get("iban")) and (problem := check_iban(iban).problem):
        errors["iban"] = [problem]
    if (rate := changed.get("penalty_rate")) is not None and rate <= 0:
        errors["penalty_rate"] = [_("Above zero, or empty for the legal rate.")]
    if (capital := changed.get("share_capital")) is not None and capital < 0:
        errors["share_capital"] = [_("A capital is not negative.")]
    return errors


def _buyer_errors(details: BuyerDetails) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    if details.vat_treatment == "exempt" and not details.exemption_text:
        errors["exemption_text"] = [_("Write the article of law that exempts this client.")]
    for name in ("billing_country", "delivery_country"):
        value = getattr(details, name)
        if value and not (len(value) == 2 and value.isascii() and value.isalpha() and value.isupper()):
            errors[name] = [_("Two capital letters, such as FR or DE.")]
    return errors


def _field_errors(row: Any, names: tuple[str, ...]) -> dict[str, list[str]]:
    """What the fields themselves refuse: lengths, addresses, choices, figures out of range, an empty name."""
    others = {field.name for field in row._meta.fields} - set(names)
    try:
        row.clean_fields(exclude=others)
    except ValidationError as error:
        return {name: list(texts) for name, texts in error.message_dict.items()}
    return {}
