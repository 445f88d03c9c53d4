"""Who we trade with: users and their roles, companies, clients at three levels, exchange rates."""

from __future__ import annotations

from functools import cached_property

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from o2c.shared.calendar import paris_date
from o2c.shared.text import search_key, sort_key

from .acting import COUNTERSIGN, LENT, Acting
from .belonging_models import EntityMembership, GroupMembership, TeamMember
from .circuit_models import PaymentCircuit
from .enums import (
    OUTSIDE_ROLES,
    AccountStatus,
    CapRegime,
    ContactRole,
    PaymentMethod,
    RiskClass,
    TeamRole,
)
from .substitute_models import Substitution

__all__ = [
    "Acting",
    "Company",
    "Contact",
    "CustomerAccount",
    "CustomerGroup",
    "EntityMembership",
    "ExchangeRate",
    "GroupMembership",
    "LegalEntity",
    "PaymentCircuit",
    "Role",
    "RoleGrant",
    "Substitution",
    "TeamMember",
    "User",
]


class Company(models.Model):
    """A selling company of the group: its books, currency and switches."""

    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=200)
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    siren = models.CharField("SIREN", max_length=9, blank=True)
    vat_number = models.CharField(_("VAT number"), max_length=20, blank=True)
    legal_form = models.CharField(_("legal form"), max_length=120, blank=True)
    address_line1 = models.CharField(_("address"), max_length=200, blank=True)
    postcode = models.CharField(_("postcode"), max_length=12, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    requires_opening_requests = models.BooleanField(default=False)
    smaller_order_may_pass = models.BooleanField(default=True)
    # Whether a client's class follows its score; where it does, nobody sets it by hand.
    class_follows_score = models.BooleanField(default=False, db_default=False)
    # Whether an order is checked again before its production starts (design 3.7).
    checks_before_production = models.BooleanField(default=True, db_default=True)
    # Margin in percent of sales excl. VAT; nothing while it is not known.
    margin_pct = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)
    # Days back from today that still accept entries; earlier days are closed periods.
    open_period_days = models.PositiveIntegerField(default=731)

    class Meta:
        verbose_name_plural = "companies"
        constraints = [
            models.CheckConstraint(
                condition=Q(margin_pct=None) | Q(margin_pct__gt=0, margin_pct__lte=100),
                name="margin_above_0_to_100",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Role(models.Model):
    """A role as the table in ``o2c/roles.py`` has it; written by ``sync_roles`` alone."""

    code = models.CharField(max_length=40, primary_key=True)
    permissions = ArrayField(models.CharField(max_length=60), default=list)
    authority_level = models.PositiveSmallIntegerField(default=0)
    sees_all_accounts = models.BooleanField(default=False)
    sees_all_companies = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.code

    @property
    def decides(self) -> bool:
        """Whether it carries anything that is lent to a substitute: a level of authority, or a countersignature."""
        return bool(self.authority_level) or COUNTERSIGN in self.permissions

    def lent(self) -> Role:
        """What of this role a substitute gets: to see the clients and to decide, nothing else."""
        return Role(
            code=self.code,
            permissions=[code for code in self.permissions if code in LENT],
            authority_level=self.authority_level,
            sees_all_accounts=self.sees_all_accounts,
        )


class User(AbstractUser):
    """A person, or a system that uses the API."""

    home_company = models.ForeignKey(
        Company, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    language = models.CharField(max_length=2, blank=True)
    job_title = models.CharField(max_length=80, blank=True)
    is_system = models.BooleanField(default=False)

    @cached_property
    def _held(self) -> tuple[RoleGrant, ...]:
        """Role grants of the user, and those lent to them today; read once per request, in one query."""
        today = paris_date(timezone.now())
        lent = Substitution.objects.filter(
            substitute_id=self.pk,
            absent_id=OuterRef("user_id"),
            absent__is_active=True,
            company_id=OuterRef("company_id"),
            valid_from__lte=today,
            valid_until__gte=today,
            ended_at=None,
        )
        rows = RoleGrant.objects.filter(Q(user_id=self.pk) | Exists(lent)).select_related("role", "user")
        rows = rows.exclude(company=None, role__sees_all_companies=False)
        return tuple(g for g in rows if g.user_id == self.pk or g.role.decides)

    @cached_property
    def grants(self) -> tuple[tuple[int | None, Role], ...]:
        """The user's roles with the company each holds in (None: every company); a lent one only decides."""
        return tuple(
            (
                None if g.role.sees_all_companies else g.company_id,
                g.role if g.user_id == self.pk else g.role.lent(),
            )
            for g in self._held
        )

    def acting_in(self, company: Company | int) -> tuple[Acting, ...]:
        """In whose name the user may decide there: their own first, then those they stand in for."""
        company_id = company.pk if isinstance(company, Company) else company
        held = [g for g in self._held if self.is_active and g.company_id in (None, company_id)]
        hands = frozenset({self.pk, *(g.user_id for g in held)})
        found: dict[int | None, Acting] = {None: Acting(self.pk, hands=hands)}
        for grant in held:
            own = grant.user_id == self.pk
            key = None if own else grant.user_id
            role = grant.role if own else grant.role.lent()
            before = found.get(key) or Acting(self.pk, grant.user_id, grant.user.username, hands)
            found[key] = before.joined(role.permissions, role.authority_level)
        return tuple(found.values())

    def roles_in(self, company: Company | int | None) -> tuple[Role, ...]:
        """Roles held in a company, or in any when None is given."""
        company_id = company.pk if isinstance(company, Company) else company
        return tuple(r for held_in, r in self.grants if company_id is None or held_in in (None, company_id))

    def may(self, permission: str, company: Company | int | None = None) -> bool:
        """Whether a role of the user carries this permission there (``o2c/roles.py`` lists them)."""
        return self.is_active and any(permission in r.permissions for r in self.roles_in(company))

    def authority_in(self, company: Company | int | None) -> int:
        """Highest level of the delegation matrix held there, 0 when none (domain.md 5.4)."""
        return max((r.authority_level for r in self.roles_in(company)), default=0)

    def company_ids(self) -> list[int] | None:
        """Companies the user may see; None for all of them."""
        if any(held_in is None for held_in, _role in self.grants):
            return None
        return sorted({held_in for held_in, _role in self.grants if held_in is not None})

    def companies_seen_whole(self) -> list[int] | None:
        """Companies in which every client, and so every sale, is the user's to see; None for all of them."""
        whole = {held_in for held_in, role in self.grants if role.sees_all_accounts}
        return None if None in whole else sorted(held_in for held_in in whole if held_in is not None)

    def sees_every_sale(self, company: Company | None = None) -> bool:
        """Whether no colleague's sale is hidden from the user there: not bound to the own portfolio (ADR 0010)."""
        whole, seen = self.companies_seen_whole(), self.company_ids()
        if whole is None or seen is None:
            return whole is None
        return {company.pk} <= set(whole) if company is not None else set(seen) <= set(whole)

    def is_outside(self, company: Company | int | None = None) -> bool:
        """Whether the user is no colleague there: an outside partner and nothing else."""
        codes = {role.code for role in self.roles_in(company)}
        return bool(codes) and codes <= OUTSIDE_ROLES

    def initials(self) -> str:
        """Two letters for the avatar."""
        letters = f"{self.first_name[:1]}{self.last_name[:1]}" or self.username[:2]
        return letters.upper()

    def label(self) -> str:
        """The name as people read it."""
        return self.get_full_name() or self.username


class RoleGrant(models.Model):
    """A role held by a user in one company; without one it grants only what sees every company anyway."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="role_grants")
    company = models.ForeignKey(Company, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "company", "role"], name="role_granted_once_per_company", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role_id} {self.company_id}"


class CustomerGroup(models.Model):
    """Several legal entities under one parent, put together by hand."""

    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=200)

    def __str__(self) -> str:
        return self.name


class LegalEntity(models.Model):
    """A legal person: one SIREN in France; foreign and private clients may have none."""

    siren = models.CharField("SIREN", max_length=9, null=True, blank=True, unique=True)
    name = models.CharField(_("name"), max_length=200)
    country = models.CharField(_("country"), max_length=2, default="FR")
    group = models.ForeignKey(
        CustomerGroup, null=True, blank=True, on_delete=models.PROTECT, related_name="entities"
    )

    class Meta:
        verbose_name_plural = "legal entities"
        constraints = [
            models.CheckConstraint(
                condition=Q(siren=None) | Q(siren__regex=r"^[0-9]{9}$"), name="legal_entity_siren_nine_digits"
            )
        ]

    def __str__(self) -> str:
        return self.name


class CustomerAccountQuerySet(models.QuerySet["CustomerAccount"]):
    """Chainable readings of accounts."""

    def visible_to(self, user: User, company: Company | None = None) -> CustomerAccountQuerySet:
        """Accounts this user may see: company scope first, then the portfolio (design 3.16).

        Outside of it an account does not exist: callers answer 404.
        """
        if company is not None:
            match _sight(user, company):
                case None:
                    return self.none()
                case True:
                    return self.filter(company=company)
                case _:
                    return self.filter(company=company, pk__in=portfolio_of(user))
        if not user.is_active:
            return self.none()
        whole = [held_in for held_in, role in user.grants if role.sees_all_accounts]
        if None in whole:
            return self.all()
        partly = [held_in for held_in, role in user.grants if not role.sees_all_accounts]
        mine = Q(pk__in=portfolio_of(user))
        if None not in partly:
            mine &= Q(company__in=set(partly))
        return self.filter(Q(company__in=set(whole)) | mine)


def _sight(user: User, company: Company) -> bool | None:
    """Whether a user sees every client of a company; False when only a portfolio, None when nobody."""
    if not user.is_active:
        return None
    sights = [role.sees_all_accounts for held_in, role in user.grants if held_in in (None, company.pk)]
    return any(sights) if sights else None


def portfolio_of(user: User) -> models.QuerySet[TeamMember]:
    """Keys of the clients in whose team a user is today; whoever stands in has a last day, and sees them until then."""
    today = paris_date(timezone.now())
    rows = TeamMember.objects.filter(
        Q(valid_to=None) | Q(valid_to__gt=today), user_id=user.pk, valid_from__lte=today
    )
    return rows.values("account")  # type: ignore[return-value]


def stood_in_for(user: User) -> models.QuerySet[TeamMember]:
    """Keys of the clients whose sales rep this user stands in for today, or that are entrusted to them: what the rep
    sells is theirs to read."""
    today = paris_date(timezone.now())
    rows = TeamMember.objects.filter(
        Q(valid_to=None) | Q(valid_to__gt=today),
        user_id=user.pk,
        role__in=(TeamRole.SUBSTITUTE, TeamRole.PARTNER),
        valid_from__lte=today,
    )
    return rows.values("account")  # type: ignore[return-value]


def documents_of(user: User, company: Company | None = None) -> Q:
    """Condition on rows with ``company`` and ``account``: those of the clients this user may see.

    Who sees every client of the company sees every row of it, and no client need be looked at: an index that
    begins with the company then counts them and gives them in their order.
    """
    if company is None:
        return Q(account__in=CustomerAccount.objects.visible_to(user))
    match _sight(user, company):
        case None:
            return Q(pk__in=[])
        case True:
            return Q(company=company)
        case _:
            return Q(company=company, account__in=portfolio_of(user))


class CustomerAccount(models.Model):
    """A client of one selling company: an establishment with its terms, class and team."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="accounts")
    code = models.CharField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=200)
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="accounts")
    siret = models.CharField("SIRET", max_length=14, blank=True)
    vat_number = models.CharField(_("VAT number"), max_length=20, blank=True)
    country = models.CharField(_("country"), max_length=2, default="FR")
    address_line1 = models.CharField(_("address"), max_length=200, blank=True)
    address_line2 = models.CharField(_("address, continued"), max_length=200, blank=True)
    postcode = models.CharField(_("postcode"), max_length=12, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    term = models.CharField(_("payment term"), max_length=40, default="NET30")
    cap_regime = models.CharField(
        _("legal cap"), max_length=12, choices=CapRegime.choices, default=CapRegime.STD60
    )
    risk_class = models.CharField(
        _("risk class"), max_length=1, choices=RiskClass.choices, default=RiskClass.C
    )
    payment_method = models.CharField(
        _("payment method"), max_length=12, choices=PaymentMethod.choices, default=PaymentMethod.TRANSFER
    )
    language = models.CharField(_("language"), max_length=2, default="fr")
    status = models.CharField(
        _("status"), max_length=10, choices=AccountStatus.choices, default=AccountStatus.ACTIVE
    )
    opened_on = models.DateField(_("opened on"))
    version = models.PositiveIntegerField(default=1)
    sort_key = models.CharField(max_length=220, editable=False, default="")
    search_key = models.CharField(max_length=400, editable=False, default="")

    objects = CustomerAccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "code"], name="account_code_once_per_company"),
            models.CheckConstraint(
                condition=Q(siret="") | Q(siret__regex=r"^[0-9]{14}$"), name="account_siret_fourteen_digits"
            ),
        ]
        indexes = [
            models.Index(fields=["company", "sort_key"], name="account_by_name"),
            models.Index(fields=["entity"], name="account_by_entity"),
            GinIndex(OpClass(F("search_key"), name="gin_trgm_ops"), name="account_search"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    def save(self, *args: object, **kwargs: object) -> None:
        """Keep the keys for sorting and search in step with what they are made of."""
        self.refresh_keys()
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    def refresh_keys(self) -> None:
        """Set sort and search keys; bulk inserts call it themselves."""
        self.sort_key = sort_key(self.name)[0][:220]
        siren = self.entity.siren or "" if self.entity_id else ""
        self.search_key = search_key(f"{self.name} {self.code} {siren} {self.siret} {self.city}")[:400]

    @property
    def siren(self) -> str:
        """SIREN of the legal entity, empty when it has none."""
        return self.entity.siren or ""

    @property
    def group_id_of_entity(self) -> int | None:
        """Key of the group above, if any."""
        return self.entity.group_id


class Contact(models.Model):
    """A person at the client's."""

    account = models.ForeignKey(CustomerAccount, on_delete=models.CASCADE, related_name="contacts")
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=20, choices=ContactRole.choices, default=ContactRole.ACCOUNTS_PAYABLE)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=30, blank=True)

    def __str__(self) -> str:
        return self.name


class ExchangeRate(models.Model):
    """Reference rate of a day: units of the currency for one euro."""

    currency = models.CharField(max_length=3)
    day = models.DateField()
    units_per_eur = models.DecimalField(max_digits=18, decimal_places=8)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["currency", "day"], name="one_rate_per_currency_and_day"),
            models.CheckConstraint(condition=Q(units_per_eur__gt=0), name="rate_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.day} {self.units_per_eur}"
