"""What is entered for a client, read and checked as a whole: all that is wrong with it is said at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypedDict

from babel.numbers import list_currencies
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import policy
from accounts.enums import CapRegime
from accounts.identifiers import Validity, check_siren, check_siret, check_vat, clean_identifier
from accounts.models import Company, Contact, CustomerAccount, User
from o2c.shared.problems import Invalid, NotAllowed, RuleRefused

# The regimes of L441-10 I that are tried in turn when none is named.
GENERAL_CAPS: Final = (CapRegime.STD60, CapRegime.EOM45A, CapRegime.EOM45B)
# Who may grant a term beyond the cap with a written reason (domain.md 1.1): the credit manager and above.
OVERRIDE_LEVEL: Final = 3

_PLAIN: Final = (
    "name", "country", "address_line1", "address_line2", "postcode", "city", "currency", "term", "cap_regime",
    "risk_class", "payment_method", "language", "siret", "vat_number",
)  # fmt: skip
_UPPER: Final = {"country", "currency", "term", "cap_regime", "risk_class"}
_FRENCH_KEY: Final = 4  # FR and the key, then the SIREN

Errors = dict[str, list[str | Promise]]


class BeyondLegalCap(RuleRefused):
    code = "beyond_legal_cap"
    message = _("This term may lead beyond the legal cap on payment terms.")


class ContactFields(TypedDict, total=False):
    """A person at the client's."""

    name: str
    role: str
    email: str
    phone: str


@dataclass
class Checked:
    """What was entered, ready to be stored."""

    values: dict[str, Any] = field(default_factory=dict)
    siren: str = ""
    rep: User | None = None
    rep_given: bool = False
    group: str = ""
    group_given: bool = False
    contacts: list[Contact] | None = None


def check_fields(
    fields: Mapping[str, Any],
    *,
    company: Company,
    code: str,
    account: CustomerAccount | None,
) -> Checked:
    """Read what was entered for a client; ``account`` is the one to be changed, None at an opening.

    :raises Invalid: with every field that cannot be read and why
    """
    checked, errors = Checked(), Errors()
    checked.values = {name: _plain(name, fields[name]) for name in _PLAIN if name in fields}
    if account is None:
        checked.values.setdefault("name", "")
        checked.values.setdefault("country", "FR")
        checked.values.setdefault("currency", company.currency)
    _check_identity(fields, checked, account, errors)
    _check_model(checked, company, code, account, errors)
    _check_class(checked, company, account, errors)
    _check_rep(fields, checked, company, errors)
    checked.group_given = "group" in fields
    checked.group = str(fields.get("group") or "").strip()
    if "contacts" in fields:
        checked.contacts = _contacts(fields["contacts"] or (), errors)
    if "term" in checked.values:
        _check_term(checked.values["term"], errors)
    if errors:
        raise Invalid(errors=errors)
    return checked


def check_cap(
    checked: Checked, *, account: CustomerAccount | None, company: Company, by: User | None, override: str
) -> None:
    """Settle the regime of a term that is new, and refuse a term that may break it.

    Without a named regime the first general one that the term fits is taken.

    :raises BeyondLegalCap: the term may break its cap and no reason is given
    :raises NotAllowed: a reason is given by somebody below level 3
    """
    stored_term, stored_cap = (account.term, account.cap_regime) if account else ("NET30", CapRegime.STD60)
    term = checked.values.get("term", stored_term)
    regime = checked.values.get("cap_regime", stored_cap)
    if account is not None and (term, regime) == (stored_term, stored_cap):
        return
    tried = [regime]
    if "cap_regime" not in checked.values and regime in GENERAL_CAPS:
        tried += [cap for cap in GENERAL_CAPS if cap != regime]
    breaches = [(cap, policy.first_breach(term, cap)) for cap in tried]
    fitting = next((cap for cap, day in breaches if day is None), None)
    checked.values["cap_regime"] = str(fitting or regime)
    if fitting is None:
        _allow_breach(
            BeyondLegalCap(
                errors={
                    "term": [
                        _("An invoice of %(day)s would fall due beyond the cap.") % {"day": breaches[0][1]}
                    ]
                }
            ),
            company,
            by,
            override,
        )


def _plain(name: str, value: Any) -> str:
    text = str(value if value is not None else "").strip()
    if name in {"siret", "vat_number"}:
        return clean_identifier(text)
    return text.upper() if name in _UPPER else text


def _check_identity(
    fields: Mapping[str, Any], checked: Checked, account: CustomerAccount | None, errors: Errors
) -> None:
    country = checked.values.get("country") or (account.country if account else "FR")
    if text := str(fields.get("siren") or ""):
        siren = check_siren(text)
        checked.siren = siren.value
        if not siren.valid:
            errors["siren"] = [siren.problem]
    if text := checked.values.get("siret", ""):
        siret = check_siret(text)
        if not siret.valid:
            errors["siret"] = [siret.problem]
        elif checked.siren and not siret.value.startswith(checked.siren):
            errors["siret"] = [_("This SIRET belongs to another SIREN.")]
        else:
            checked.siren = siret.value[:9]
    if text := checked.values.get("vat_number", ""):
        vat = check_vat(text, country=country)
        siren_known = checked.siren or (account.siren if account else "")
        if not vat.valid:
            errors["vat_number"] = [vat.problem]
        elif vat.validity is Validity.YES and siren_known and vat.value[_FRENCH_KEY:] != siren_known:
            errors["vat_number"] = [_("This VAT number belongs to another SIREN.")]


def _check_model(
    checked: Checked, company: Company, code: str, account: CustomerAccount | None, errors: Errors
) -> None:
    """Ask the model's own fields: lengths, choices, what may not be empty."""
    row = CustomerAccount(company=company, code=code, **checked.values)
    asked = {*checked.values, *(() if account else ("code",))}
    try:
        row.clean_fields(exclude={f.name for f in CustomerAccount._meta.fields} - asked)
    except ValidationError as error:
        for name, messages in error.message_dict.items():
            errors.setdefault(name, []).extend(messages)
    currency = checked.values.get("currency")
    if currency is not None and currency not in list_currencies():
        errors["currency"] = [_("“%(code)s” is not a currency: write EUR, USD, …") % {"code": currency}]
    country = checked.values.get("country")
    if country is not None and not (len(country) == 2 and country.isalpha()):
        errors["country"] = [_("A country is written with two letters: FR, BE, DE.")]


def _check_class(checked: Checked, company: Company, account: CustomerAccount | None, errors: Errors) -> None:
    given = checked.values.get("risk_class")
    if account is None or given is None or not company.class_follows_score:
        return
    if given != account.risk_class:
        errors.setdefault("risk_class", []).append(
            _("The class follows the score here: ask for another one on the client's scorecard.")
        )


def _check_rep(fields: Mapping[str, Any], checked: Checked, company: Company, errors: Errors) -> None:
    checked.rep_given = "sales_rep" in fields
    username = str(fields.get("sales_rep") or "")
    if not username:
        return
    checked.rep = User.objects.filter(username=username, is_active=True).first()
    if checked.rep is None or not checked.rep.roles_in(company):
        errors["sales_rep"] = [_("“%(user)s” has no role in this company.") % {"user": username}]


def _contacts(given: Sequence[ContactFields], errors: Errors) -> list[Contact]:
    contacts = [Contact(**{k: v for k, v in each.items() if v is not None}) for each in given]
    for contact in contacts:
        try:
            contact.clean_fields(exclude={"account"})
        except ValidationError as error:
            errors.setdefault("contacts", []).extend(
                f"{name}: {message}" for name, found in error.message_dict.items() for message in found
            )
    return contacts


def _check_term(term: str, errors: Errors) -> None:
    try:
        policy.parse_term(term)
    except policy.UnknownTerm as error:
        errors["term"] = [str(error)]


def _allow_breach(breach: BeyondLegalCap, company: Company, by: User | None, override: str) -> None:
    """Let a term beyond the cap pass with a written reason of somebody entitled to it."""
    if not override.strip():
        raise breach
    if by is None or not by.may("credit.decide_limit", company) or by.authority_in(company) < OVERRIDE_LEVEL:
        raise NotAllowed(
            _("A term beyond the legal cap is granted by a credit manager, with a written reason."),
            required_role="credit_manager",
        )
