"""Opening and changing a client: identity, terms, class, rep, contacts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, TypedDict, Unpack

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.enums import AccountStatus
from accounts.models import (
    Company,
    Contact,
    CustomerAccount,
    CustomerGroup,
    EntityMembership,
    GroupMembership,
    LegalEntity,
    User,
)
from o2c.shared import audit, work
from o2c.shared.calendar import paris_date
from o2c.shared.problems import Conflict, NotAllowed, NotFound

from .checking import BeyondLegalCap, Checked, ContactFields, check_cap, check_fields
from .membership import current_rep, move_entity, move_group, replace_rep

__all__ = ["BeyondLegalCap", "ContactFields"]

# What a change shows in the journal, before and after; of the rest only the names: it may be personal data.
_JOURNAL: Final = ("status", "currency", "term", "cap_regime", "risk_class", "payment_method", "country")


class AccountFields(TypedDict, total=False):
    """What may be said of a client; what is left out stays as it is, or takes its default at the opening.

    ``siret`` alone gives the SIREN; an empty ``siren`` means it is unknown. ``sales_rep`` is a user name,
    ``group`` a code, both empty for none; an unknown group is made. ``contacts`` replaces all contacts.
    Without ``cap_regime`` the general cap that the term fits is taken (60 days, or 45 days end of month).
    """

    name: str
    siren: str | None
    siret: str | None
    vat_number: str | None
    country: str
    address_line1: str
    address_line2: str
    postcode: str
    city: str
    currency: str
    term: str
    cap_regime: str
    risk_class: str
    payment_method: str
    language: str
    sales_rep: str | None
    group: str | None
    contacts: Sequence[ContactFields]


class CodeTaken(Conflict):
    code = "key_conflict"
    message = _("A client with this code exists already, with other content.")


class ChangedMeanwhile(Conflict):
    code = "changed_meanwhile"
    message = _("Somebody has changed this client in the meantime. Reload and try again.")


class MovesCredit(Conflict):
    """The change would move exposure between limits; acts of credit do it under their locks."""

    code = "moves_credit"
    message = _("This would move the client to another legal entity or group: change that by itself.")


class Effect(StrEnum):
    """What saving did."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    # About nobody we know: left out, and no error.
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class SavedAccount:
    """A client as stored, and what saving it did."""

    account: CustomerAccount
    effect: Effect


@dataclass
class _Change:
    """What one change did, for the journal."""

    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    moved: bool = False

    def note(self, name: str, before: Any, after: Any) -> None:
        if name in _JOURNAL or name == "sales_rep":
            self.before[name], self.after[name] = before, after
        else:
            self.others.append(name)

    def __bool__(self) -> bool:
        return bool(self.after or self.others)


def open_account(
    *,
    company: Company,
    code: str,
    by: User | None,
    at: datetime,
    term_override_reason: str = "",
    **fields: Unpack[AccountFields],
) -> SavedAccount:
    """Open a client; ACTIVE at once unless the company asks for opening requests.

    The same call again finds the client and changes nothing.

    :param by: None for the portal itself (imports from the command line)
    :param term_override_reason: why a term beyond the legal cap is granted; from level 3 on
    :raises Invalid: fields that cannot be read, each with its reason
    :raises BeyondLegalCap: the term may break the cap of its regime
    :raises CodeTaken: the code exists with other content
    :raises MovesCredit: a known legal entity would change its group
    """
    _require(by, company)
    with transaction.atomic():
        found = _locked(company, code)
        if found is None:
            saved = _create(company, code, fields, by=by, at=at, override=term_override_reason)
            if saved is not None:
                return saved
            found = _locked(company, code)
            assert found is not None
        checked = check_fields(fields, company=company, code=code, account=found)
        if _differs(found, checked):
            raise CodeTaken
        return SavedAccount(found, Effect.UNCHANGED)


def change_account(
    *,
    account_id: int,
    by: User | None,
    at: datetime,
    version: int | None = None,
    term_override_reason: str = "",
    holding_credit_locks: bool = False,
    effective_on: date | None = None,
    **fields: Unpack[AccountFields],
) -> SavedAccount:
    """Change what is given of a client, and nothing else.

    :param version: the version the person saw, None not to ask
    :param effective_on: first day of a new entity, group or rep, today when left out
    :raises BeforePresent: the present one began later
    :param holding_credit_locks: the caller holds the credit locks of old and new entity and group
    :raises NotFound: no such client, or not this person's to see
    :raises ChangedMeanwhile: somebody was faster
    :raises MovesCredit: entity or group would change and the credit locks are not held
    """
    with transaction.atomic():
        account = CustomerAccount.objects.select_for_update(of=("self",), no_key=True).filter(pk=account_id)
        found = account.select_related("company", "entity__group").first()
        visible = CustomerAccount.objects.filter(pk=account_id)
        if found is None or (by is not None and not visible.visible_to(by).exists()):
            raise NotFound
        _require(by, found.company)
        if version is not None and version != found.version:
            raise ChangedMeanwhile
        return _change(
            found,
            fields,
            on=effective_on or paris_date(at),
            by=by,
            at=at,
            override=term_override_reason,
            locked=holding_credit_locks,
        )


def upsert_account(
    *,
    company: Company,
    code: str,
    by: User | None,
    at: datetime,
    version: int | None = None,
    term_override_reason: str = "",
    holding_credit_locks: bool = False,
    **fields: Unpack[AccountFields],
) -> SavedAccount:
    """Open the client or bring it in line with what is given; as often as one likes (PUT).

    Fields left out of a change stay as they are: another system need not know all of ours. Parameters and
    refusals are those of ``open_account`` and ``change_account``.
    """
    _require(by, company)
    with transaction.atomic():
        found = _locked(company, code)
        if found is None:
            saved = _create(company, code, fields, by=by, at=at, override=term_override_reason)
            if saved is not None:
                return saved
            found = _locked(company, code)  # made by somebody else between our look and our insert
            assert found is not None
        return change_account(
            account_id=found.pk,
            by=by,
            at=at,
            version=version,
            term_override_reason=term_override_reason,
            holding_credit_locks=holding_credit_locks,
            **fields,
        )


def _require(by: User | None, company: Company) -> None:
    if by is not None and not by.may("accounts.edit", company):
        raise NotAllowed


def _locked(company: Company, code: str) -> CustomerAccount | None:
    accounts = CustomerAccount.objects.select_for_update(of=("self",), no_key=True)
    return accounts.select_related("company", "entity__group").filter(company=company, code=code).first()


def _create(
    company: Company, code: str, fields: AccountFields, *, by: User | None, at: datetime, override: str
) -> SavedAccount | None:
    """Insert the client; None when somebody else has just done so."""
    checked = check_fields(fields, company=company, code=code, account=None)
    check_cap(checked, account=None, company=company, by=by, override=override)
    today = paris_date(at)
    entity = _entity_for(checked, today)
    account = CustomerAccount(
        company=company,
        code=code,
        entity=entity,
        opened_on=today,
        status=_first_status(company),
        **checked.values,
    )
    try:
        with transaction.atomic():
            account.save(force_insert=True)
    except IntegrityError:
        if CustomerAccount.objects.filter(company=company, code=code).exists():
            return None
        raise
    EntityMembership.objects.create(account=account, entity=entity, valid_from=today)
    if checked.rep is not None:
        replace_rep(account, checked.rep, on=today)
    _store_contacts(account, checked.contacts or ())
    audit.record(
        "account.opened",
        account,
        by=by,
        at=at,
        label=code,
        account_id=account.pk,
        after={name: getattr(account, name) for name in _JOURNAL}
        | {"siren": entity.siren, "sales_rep": checked.rep.username if checked.rep else None},
        reason=override,
    )
    work.emit("account.opened", key=f"account:{account.pk}", payload={"account_id": account.pk})
    return SavedAccount(account, Effect.CREATED)


def _first_status(company: Company) -> AccountStatus:
    return AccountStatus.DRAFT if company.requires_opening_requests else AccountStatus.ACTIVE


def _entity_for(checked: Checked, today: date) -> LegalEntity:
    """The legal entity of a new client: the one with its SIREN, or a new one."""
    group = _group(checked.group)
    new = {"name": checked.values["name"], "country": checked.values["country"], "group": group}
    if checked.siren:
        entity, created = LegalEntity.objects.get_or_create(siren=checked.siren, defaults=new)
    else:
        entity, created = LegalEntity.objects.create(**new), True
    if created and group is not None:
        GroupMembership.objects.create(entity=entity, group=group, valid_from=today)
    elif group is not None and entity.group_id != group.pk:
        raise MovesCredit
    return entity


def _group(code: str | None) -> CustomerGroup | None:
    return CustomerGroup.objects.get_or_create(code=code, defaults={"name": code})[0] if code else None


def _change(
    account: CustomerAccount,
    fields: AccountFields,
    *,
    on: date,
    by: User | None,
    at: datetime,
    override: str,
    locked: bool,
) -> SavedAccount:
    checked = check_fields(fields, company=account.company, code=account.code, account=account)
    check_cap(checked, account=account, company=account.company, by=by, override=override)
    change = _Change()
    _apply_levels(account, checked, change, on=on, by=by, at=at, locked=locked, reason=override)
    for name, value in checked.values.items():
        if getattr(account, name) != value:
            change.note(name, getattr(account, name), value)
            setattr(account, name, value)
    if checked.rep_given and current_rep(account) != (checked.rep.username if checked.rep else None):
        change.note("sales_rep", current_rep(account), checked.rep.username if checked.rep else None)
        replace_rep(account, checked.rep, on=on)
    if checked.contacts is not None and _contacts_differ(account, checked.contacts):
        change.others.append("contacts")
        _store_contacts(account, checked.contacts)
    if "risk_class" in change.after or change.moved:
        work.emit("credit.changed", key=f"account:{account.pk}", payload={"account_id": account.pk})
    if not change:
        return SavedAccount(account, Effect.UPDATED if change.moved else Effect.UNCHANGED)
    account.version += 1
    account.save()
    audit.record(
        "account.changed",
        account,
        by=by,
        at=at,
        label=account.code,
        account_id=account.pk,
        before=change.before,
        after=change.after | ({"changed": sorted(change.others)} if change.others else {}),
        reason=override,
    )
    return SavedAccount(account, Effect.UPDATED)


def _apply_levels(
    account: CustomerAccount,
    checked: Checked,
    change: _Change,
    *,
    on: date,
    by: User | None,
    at: datetime,
    locked: bool,
    reason: str,
) -> None:
    """Bring entity and group in line; giving its SIREN to an entity of this client alone moves nothing."""
    if checked.siren and checked.siren != account.entity.siren:
        known = LegalEntity.objects.filter(siren=checked.siren).first()
        alone = not account.entity.accounts.exclude(pk=account.pk).exists()
        if known is None and account.entity.siren is None and alone:
            account.entity.siren = checked.siren
            account.entity.save(update_fields=["siren"])
            change.note("siren", None, checked.siren)
        elif not locked:
            raise MovesCredit
        else:
            entity = known or LegalEntity.objects.create(
                siren=checked.siren, name=account.name, country=account.country
            )
            move_entity(account, entity, on=on, by=by, at=at, reason=reason)
            change.moved = True
    if checked.group_given:
        group = _group(checked.group)
        if group != account.entity.group:
            if not locked:
                raise MovesCredit
            move_group(account.entity, group, on=on, by=by, at=at, reason=reason)
            change.moved = True


def _differs(account: CustomerAccount, checked: Checked) -> bool:
    entity = account.entity
    return (
        any(getattr(account, name) != value for name, value in checked.values.items())
        or bool(checked.siren and checked.siren != entity.siren)
        or bool(checked.group and (entity.group is None or checked.group != entity.group.code))
        or (checked.rep is not None and checked.rep.username != current_rep(account))
        or (checked.contacts is not None and _contacts_differ(account, checked.contacts))
    )


def _key(contact: Contact) -> tuple[str, str, str, str]:
    return contact.name, contact.role, contact.email, contact.phone


def _contacts_differ(account: CustomerAccount, contacts: Sequence[Contact]) -> bool:
    return sorted(map(_key, account.contacts.all())) != sorted(map(_key, contacts))


def _store_contacts(account: CustomerAccount, contacts: Sequence[Contact]) -> None:
    account.contacts.all().delete()
    for contact in contacts:
        contact.account = account
    Contact.objects.bulk_create(contacts)
