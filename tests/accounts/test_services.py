"""Opening and changing clients, companies, roles: what is stored, what is refused, what the journal keeps."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from accounts import queries, services
from accounts.enums import AccountStatus
from accounts.models import (
    CustomerAccount,
    CustomerGroup,
    EntityMembership,
    GroupMembership,
    LegalEntity,
    RoleGrant,
    TeamMember,
    User,
)
from accounts.services.clients import CodeTaken
from accounts.services.companies import CompanyExists, DutiesConflict
from o2c.shared.models import AuditEvent, Work
from o2c.shared.problems import Invalid, NotAllowed, NotFound, RuleRefused
from tests.factories.accounts import (
    CompanyFactory,
    CustomerAccountFactory,
    LegalEntityFactory,
    make_user,
    nth_siren,
)

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
SIREN = "732829320"
SIRET = "73282932000074"
VAT = "FR44732829320"


@pytest.fixture
def company():
    return CompanyFactory(code="DEMO")


@pytest.fixture
def adv(company):
    return make_user("adv_officer", company, "adv")


def open_(company, by, code="C0001", **fields):
    return services.open_account(company=company, code=code, by=by, at=AT, **({"name": "Acme"} | fields))


def test_opening_stores_the_client_its_entity_team_contacts_and_the_event(company, adv):
    rep = make_user("sales", company, "sales")
    saved = open_(
        company,
        adv,
        siret="732 829 320 00074",
        vat_number=VAT,
        term="30d_eom",
        risk_class="b",
        city="Lyon",
        sales_rep="sales",
        group="ACME-GROUP",
        contacts=[{"name": "Ada Martin", "role": "BUYER", "email": "ada@acme.example"}],
    )
    account = CustomerAccount.objects.get(pk=saved.account.pk)
    assert saved.effect is services.Effect.CREATED
    assert (account.siret, account.vat_number, account.siren) == (SIRET, VAT, SIREN)
    assert (account.term, account.cap_regime, account.risk_class) == ("30D_EOM", "STD60", "B")
    assert (account.currency, account.country, account.status) == ("EUR", "FR", AccountStatus.ACTIVE)
    assert (account.opened_on, account.version, account.sort_key) == (TODAY, 1, "acme")
    assert account.search_key == f"acme c0001 {SIREN} {SIRET} lyon"
    assert account.entity.group == CustomerGroup.objects.get(code="ACME-GROUP")
    assert EntityMembership.objects.get(account=account).valid_from == TODAY
    assert GroupMembership.objects.get(entity=account.entity).valid_from == TODAY
    assert queries.rep_of(account, TODAY) == rep
    assert [c.name for c in account.contacts.all()] == ["Ada Martin"]
    event = AuditEvent.objects.get(action="account.opened")
    assert (event.actor, event.object_label, event.account_id) == ("adv", "C0001", account.pk)
    assert event.after is not None
    assert event.after["term"] == "30D_EOM"
    assert "Ada" not in str(event.after)
    assert "Acme" not in str(event.after)


def test_establishments_with_one_siren_share_a_legal_entity(company, adv):
    first = open_(company, adv, siren=SIREN).account
    second = open_(company, adv, "C0002", siret=SIRET).account
    assert first.entity == second.entity


def test_clients_without_siren_are_entities_of_their_own(company, adv):
    assert open_(company, adv).account.entity != open_(company, adv, "C0002").account.entity


def test_opening_again_with_the_same_content_changes_nothing_and_with_other_content_is_refused(company, adv):
    open_(company, adv, siren=SIREN, city="Lyon")
    again = open_(company, adv, siren=SIREN, city="Lyon")
    assert (again.effect, again.account.version) == (services.Effect.UNCHANGED, 1)
    with pytest.raises(CodeTaken) as refused:
        open_(company, adv, siren=SIREN, city="Paris")
    assert (refused.value.code, refused.value.status) == ("key_conflict", 409)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"name": " "}, {"name"}),
        ({"siren": "732829321"}, {"siren"}),
        ({"siret": "73282932000075"}, {"siret"}),
        ({"siren": nth_siren(1), "siret": SIRET}, {"siret"}),
        ({"vat_number": "FR45732829320"}, {"vat_number"}),
        ({"siren": nth_siren(1), "vat_number": VAT}, {"vat_number"}),
        ({"term": "60 jours"}, {"term"}),
        ({"currency": "EURO"}, {"currency"}),
        ({"currency": "XXZ"}, {"currency"}),
        ({"country": "F1"}, {"country"}),
        ({"risk_class": "Z"}, {"risk_class"}),
        ({"cap_regime": "STD61"}, {"cap_regime"}),
        ({"sales_rep": "nobody"}, {"sales_rep"}),
        ({"contacts": [{"name": "Ada", "email": "not an address"}]}, {"contacts"}),
        ({"name": "", "siren": "1", "term": "?"}, {"name", "siren", "term"}),
    ],
)
def test_whatever_cannot_be_read_is_said_per_field_and_nothing_is_stored(company, adv, fields, wrong):
    with pytest.raises(Invalid) as refused:
        open_(company, adv, **fields)
    assert set(refused.value.errors) == wrong
    assert all(message for messages in refused.value.errors.values() for message in messages)
    assert not CustomerAccount.objects.exists()
    assert not LegalEntity.objects.exists()


@pytest.mark.parametrize(
    ("term", "regime"),
    [
        ("NET60", "STD60"),
        ("30D_EOM", "STD60"),
        ("45D_EOM", "EOM45A"),
        ("EOM_45D", "EOM45B"),
        ("COD", "STD60"),
    ],
)
def test_a_term_takes_the_first_general_cap_it_fits(company, adv, term, regime):
    assert open_(company, adv, term=term).account.cap_regime == regime


@pytest.mark.parametrize(
    "fields",
    [{"term": "NET61"}, {"term": "60D_EOM"}, {"term": "NET31", "cap_regime": "TRANSPORT30"}],
)
def test_a_term_beyond_the_legal_cap_is_refused_on_the_account(company, adv, fields):
    with pytest.raises(services.BeyondLegalCap) as refused:
        open_(company, adv, **fields)
    assert (refused.value.code, refused.value.status) == ("beyond_legal_cap", 422)
    assert set(refused.value.errors) == {"term"}


def test_only_the_credit_manager_and_above_grant_a_term_beyond_the_cap_with_a_reason(company, adv):
    for role, allowed in [("adv_officer", False), ("credit_analyst", False), ("credit_manager", True)]:
        by = make_user(role, company)
        if not allowed:
            with pytest.raises(NotAllowed) as refused:
                open_(company, by, role, term="NET75", term_override_reason="sector agreement")
            assert refused.value.required_role == "credit_manager"
        else:
            account = open_(company, by, role, term="NET75", term_override_reason="sector agreement").account
            assert (account.term, account.cap_regime) == ("NET75", "STD60")
            assert AuditEvent.objects.get(account_id=account.pk).reason == "sector agreement"


def test_a_term_granted_beyond_the_cap_does_not_stand_in_the_way_of_other_changes(company, adv):
    manager = make_user("credit_manager", company)
    account = open_(company, manager, term="NET75", term_override_reason="sector agreement").account
    saved = services.upsert_account(company=company, code="C0001", by=adv, at=AT, term="NET75", city="Nice")
    assert (saved.effect, saved.account.pk, saved.account.city) == ("updated", account.pk, "Nice")


def test_a_special_regime_is_not_left_for_a_wider_one_by_changing_the_term(company, adv):
    account = open_(company, adv, term="NET30", cap_regime="TRANSPORT30").account
    with pytest.raises(services.BeyondLegalCap):
        services.change_account(account_id=account.pk, by=adv, at=AT, term="NET60")


def test_a_company_that_asks_for_opening_requests_opens_drafts(adv, company):
    company.requires_opening_requests = True
    company.save()
    assert open_(company, adv).account.status == AccountStatus.DRAFT


@pytest.mark.parametrize("role", ["sales", "receivables_accountant", "auditor", "administrator", "executive"])
def test_who_may_open_clients(company, role):
    by = make_user(role, company)
    if role == "executive":
        assert open_(company, by).effect == "created"
    else:
        with pytest.raises(NotAllowed):
            open_(company, by)


def test_a_role_in_one_company_opens_nothing_in_another(adv):
    with pytest.raises(NotAllowed):
        open_(CompanyFactory(code="OTHER"), adv)


def test_a_change_raises_the_version_and_tells_before_and_after(company, adv):
    account = open_(company, adv, term="NET30", city="Lyon").account
    saved = services.change_account(
        account_id=account.pk, version=1, by=adv, at=AT, term="NET45", city="Nice", name="Acme Nice"
    )
    assert (saved.effect, saved.account.version) == ("updated", 2)
    account.refresh_from_db()
    assert (account.term, account.city, account.sort_key) == ("NET45", "Nice", "acme nice")
    event = AuditEvent.objects.get(action="account.changed")
    assert (event.before, event.after) == ({"term": "NET30"}, {"term": "NET45", "changed": ["city", "name"]})


def test_an_older_version_is_refused_and_nothing_is_written(company, adv):
    account = open_(company, adv).account
    services.change_account(account_id=account.pk, version=1, by=adv, at=AT, city="Lyon")
    with pytest.raises(services.ChangedMeanwhile) as refused:
        services.change_account(account_id=account.pk, version=1, by=adv, at=AT, city="Nice")
    assert (refused.value.code, refused.value.status) == ("changed_meanwhile", 409)
    account.refresh_from_db()
    assert account.city == "Lyon"


def test_upsert_opens_then_changes_then_does_nothing(company, adv):
    rep = make_user("sales", company, "rep")
    body: services.AccountFields = {"name": "Acme", "siren": SIREN, "term": "NET30", "sales_rep": "rep"}
    bodies: tuple[services.AccountFields, ...] = (
        body,
        body,
        {**body, "term": "NET45"},
        {"name": "Acme", "term": "NET45"},
    )
    effects = [
        services.upsert_account(company=company, code="C1", by=adv, at=AT, **fields).effect
        for fields in bodies
    ]
    assert effects == ["created", "unchanged", "updated", "unchanged"]
    assert queries.rep_of(CustomerAccount.objects.get(), TODAY) == rep  # left out, so left as it is


def test_contacts_are_replaced_as_a_whole(company, adv):
    account = open_(company, adv, contacts=[{"name": "Ada"}, {"name": "Bo"}]).account
    same = services.change_account(
        account_id=account.pk, by=adv, at=AT, contacts=[{"name": "Bo"}, {"name": "Ada"}]
    )
    assert same.effect == "unchanged"
    services.change_account(account_id=account.pk, by=adv, at=AT, contacts=[{"name": "Cy"}])
    assert [c.name for c in account.contacts.all()] == ["Cy"]


def test_a_client_of_another_company_does_not_exist_for_a_change(adv):
    other = CustomerAccountFactory()
    with pytest.raises(NotFound):
        services.change_account(account_id=other.pk, by=adv, at=AT, city="Nice")


def test_completing_the_siren_of_an_entity_of_ones_own_moves_nothing(company, adv):
    account = open_(company, adv).account
    saved = services.change_account(account_id=account.pk, by=adv, at=AT, siren=SIREN)
    assert (saved.account.entity_id, saved.account.siren) == (account.entity_id, SIREN)
    assert CustomerAccount.objects.get().search_key == f"acme c0001 {SIREN}"


@pytest.mark.parametrize("fields", [{"siren": nth_siren(7)}, {"group": "NEW"}, {"group": None}])
def test_entity_and_group_change_only_under_the_credit_locks(company, adv, fields):
    account = open_(company, adv, siren=SIREN, group="OLD").account
    with pytest.raises(services.MovesCredit) as refused:
        services.upsert_account(company=company, code="C0001", by=adv, at=AT, **fields)
    assert (refused.value.code, refused.value.status) == ("moves_credit", 409)
    later = AT + timedelta(days=10)
    saved = services.change_account(
        account_id=account.pk, by=adv, at=later, holding_credit_locks=True, **fields
    )
    assert saved.effect == "updated"
    account = CustomerAccount.objects.get(pk=account.pk)
    if "siren" in fields:
        assert account.siren == fields["siren"]
        rows = EntityMembership.objects.filter(account=account)
        days = rows.order_by("pk").values_list("valid_from", "valid_to").first()
    else:
        assert (account.entity.group.code if account.entity.group else None) == fields["group"]
        groups = GroupMembership.objects.filter(entity=account.entity)
        days = groups.order_by("pk").values_list("valid_from", "valid_to").first()
    assert days == (TODAY, date(2026, 12, 3))
    assert Work.objects.filter(key=f"credit.changed:account:{account.pk}").exists()


def test_a_new_client_cannot_move_a_known_entity_into_a_group(company, adv):
    LegalEntityFactory(siren=SIREN)
    with pytest.raises(services.MovesCredit):
        open_(company, adv, siren=SIREN, group="NEW")
    assert not CustomerAccount.objects.exists()
    assert not CustomerGroup.objects.exists()


def test_a_change_of_class_has_held_orders_examined_again(company, adv):
    account = open_(company, adv, risk_class="C").account
    services.change_account(account_id=account.pk, by=adv, at=AT, city="Nice")
    assert not Work.objects.filter(key=f"credit.changed:account:{account.pk}").exists()
    services.change_account(account_id=account.pk, by=adv, at=AT, risk_class="A")
    assert Work.objects.filter(key=f"credit.changed:account:{account.pk}").exists()


def test_the_portfolio_follows_the_rep_day_by_day(company, adv):
    one, two = make_user("sales", company, "one"), make_user("sales", company, "two")
    account = open_(company, adv, sales_rep="one").account
    later = AT + timedelta(days=5)
    services.assign_rep(account=account, rep=two, by=adv, at=later)
    services.assign_rep(account=account, rep=two, by=adv, at=later)
    assert queries.rep_of(account, date(2026, 11, 27)) == one
    assert queries.rep_of(account, date(2026, 11, 28)) == two
    assert queries.rep_of(account, date(2026, 11, 22)) is None
    assert TeamMember.objects.count() == 2
    event = AuditEvent.objects.get(action="account.rep_changed")
    assert (event.before, event.after) == ({"sales_rep": "one"}, {"sales_rep": "two"})
    with pytest.raises(RuleRefused):
        services.assign_rep(account=account, rep=make_user(None), by=adv, at=later)


def test_a_company_is_made_once_with_a_readable_code(adv):
    company = services.create_company(code="IBM", name="", currency="USD", by=None, at=AT)
    assert (company.code, company.name, company.currency) == ("IBM", "IBM", "USD")
    assert AuditEvent.objects.get(action="company.created").company_id == company.pk
    with pytest.raises(CompanyExists):
        services.create_company(code="IBM", by=None, at=AT)
    with pytest.raises(Invalid) as refused:
        services.create_company(code="bad code", currency="US", by=None, at=AT)
    assert set(refused.value.errors) == {"code", "currency"}
    with pytest.raises(NotAllowed):
        services.create_company(code="X", by=adv, at=AT)


def test_roles_are_granted_and_taken_by_the_administrator(company, adv):
    admin, user = make_user("administrator", company), make_user(None, company)
    services.grant_role(user=user, company=company, role="credit_analyst", by=admin, at=AT)
    assert user.may("credit.decide_limit", company)
    services.grant_role(user=user, company=company, role="credit_analyst", by=admin, at=AT)
    services.revoke_role(user=user, company=company, role="credit_analyst", by=admin, at=AT)
    assert not user.may("credit.decide_limit", company)
    actions = list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["user.role_granted", "user.role_revoked"]
    with pytest.raises(NotFound):
        services.revoke_role(user=user, company=company, role="credit_analyst", by=admin, at=AT)
    with pytest.raises(NotFound):
        services.grant_role(user=user, company=company, role="king", by=admin, at=AT)
    with pytest.raises(NotAllowed):
        services.grant_role(user=user, company=company, role="sales", by=adv, at=AT)


def test_without_a_company_only_what_sees_every_company_is_granted():
    user = make_user(None)
    with pytest.raises(Invalid):
        services.grant_role(user=user, company=None, role="executive", by=None, at=AT)
    services.grant_role(user=user, company=None, role="administrator", by=None, at=AT)
    assert user.company_ids() is None
    assert user.may("admin.users", CompanyFactory())
    RoleGrant.objects.create(user=user, company=None, role_id="executive")  # not by the act: still nothing
    assert not User.objects.get(pk=user.pk).may("orders.release")


@pytest.mark.parametrize("role", ["credit_manager", "receivables_accountant", "adv_officer", "executive"])
def test_who_administers_users_is_given_no_role_that_decides_or_moves_money(company, role):
    admin = make_user("administrator", company)
    with pytest.raises(DutiesConflict):
        services.grant_role(user=admin, company=CompanyFactory(), role=role, by=None, at=AT)
    services.grant_role(user=admin, company=company, role="auditor", by=None, at=AT)


def test_ensure_accounts_opens_what_is_missing_with_as_many_statements_for_many_as_for_few(
    company, django_assert_max_num_queries
):
    open_(company, None, "R0001", name="Known", siren=SIREN)
    day = date(2012, 1, 3)
    rows = [
        services.AccountRow(
            f"R{n:04d}", f"Client {n}", "USD", nth_siren(n % 3) if n % 2 else "", opened_on=day
        )
        for n in range(1, 301)
    ]
    with django_assert_max_num_queries(12):
        found = services.ensure_accounts(company=company, rows=rows, by=None, at=AT)
    assert len(found) == CustomerAccount.objects.count() == 300
    assert (found["R0001"].name, found["R0001"].currency) == ("Known", "EUR")
    assert (found["R0002"].currency, found["R0002"].opened_on) == ("USD", day)
    assert found["R0005"].siren == nth_siren(2)
    assert found["R0005"].entity_id == found["R0011"].entity_id != found["R0007"].entity_id
    assert found["R0002"].entity_id != found["R0004"].entity_id
    assert EntityMembership.objects.count() == 300
    assert AuditEvent.objects.filter(action="account.opened").count() == 300
    with django_assert_max_num_queries(3):
        services.ensure_accounts(company=company, rows=rows, by=None, at=AT)
    assert AuditEvent.objects.filter(action="account.opened").count() == 300
