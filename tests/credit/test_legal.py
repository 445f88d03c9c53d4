"""Legal notices: stored once, what they hold, who is told, who ends them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import Company, CustomerAccount, LegalEntity, User
from accounts.services import Effect
from credit import standing
from credit.enums import Finding, LegalNoticeKind
from credit.legal_policy import deadlines, is_frozen, may_pay_frozen
from credit.legal_queries import Split, splits_of
from credit.models import ClassOverride, CreditAlert, LegalNotice
from credit.scorecard.enums import OverrideCause
from credit.services.checks import check
from credit.services.legal import (
    NoticeEnded,
    NoticeKnown,
    NoticeOwn,
    NoticeRow,
    end_notice,
    record_notice,
    record_notices,
)
from credit.services.limits import AuthorityExceeded
from o2c.shared.calendar import paris_date
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from orders.models import HoldCase
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import give_limit, open_item, submitted

D = Decimal
K = LegalNoticeKind


def day(ahead: int) -> date:
    return paris_date(timezone.now()) + timedelta(days=ahead)


# --- the rules ---


@pytest.mark.parametrize(
    ("published", "claim", "title", "relief"),
    [
        # Thursday 12 November 2026 + 2 months: Tuesday 12 January; + 3: Friday 12 February; + 6: Wednesday 12 May.
        (date(2026, 11, 12), date(2027, 1, 12), date(2027, 2, 12), date(2027, 5, 12)),
        # The last day of a month without that number, a Monday; + 2 is a Sunday otherwise.
        (date(2026, 12, 31), date(2027, 3, 1), date(2027, 3, 31), date(2027, 6, 30)),
        # 1 January, a holiday on a Friday: the next business day is Monday 4.
        (date(2026, 11, 1), date(2027, 1, 4), date(2027, 2, 1), date(2027, 5, 3)),
    ],
)
def test_deadlines_run_from_the_publication(published: date, claim: date, title: date, relief: date):
    found = deadlines(published)
    assert (found.claim, found.title, found.relief) == (claim, title, relief)


def test_the_day_of_the_judgement_is_after_it():
    judged = date(2026, 11, 3)
    assert is_frozen(date(2026, 11, 2), judged)
    assert not is_frozen(judged, judged)
    assert not is_frozen(judged, None)


def test_frozen_debts_are_paid_by_the_plan_alone():
    judged, plan = date(2026, 1, 10), date(2026, 9, 1)
    assert may_pay_frozen(date(2026, 1, 9), judged, None)
    assert not may_pay_frozen(judged, judged, None)
    assert not may_pay_frozen(date(2026, 8, 31), judged, plan)
    assert may_pay_frozen(plan, judged, plan)


# --- the acts ---


@pytest.fixture
def company(db: None) -> Company:
    return CompanyFactory(code="DEMO")


@pytest.fixture
def adv(company: Company) -> User:
    return make_user("adv_officer", company, "adv")


@pytest.fixture
def manager(company: Company) -> User:
    return make_user("credit_manager", company, "manager")


@pytest.fixture
def account(company: Company, manager: User) -> CustomerAccount:
    account = CustomerAccountFactory(company=company, code="C0042", term="NET30")
    give_limit(account, "100000", decided_by=manager)
    account.team.create(user=manager, role="credit", valid_from=day(-99))
    standing.refresh([account.pk], at=timezone.now())
    standing.refresh_levels([account.entity_id], at=timezone.now())
    return account


def row(account: CustomerAccount, kind: LegalNoticeKind = K.RECEIVERSHIP, **fields: Any) -> NoticeRow:
    given: dict[str, Any] = {
        "siren": account.siren, "kind": kind, "judgement_on": day(-20), "published_on": day(-10), "reference": "A-1",
    }  # fmt: skip
    return NoticeRow(**given | fields)


def bring(account: CustomerAccount, by: User, *rows: NoticeRow, **options: Any) -> list[Any]:
    return record_notices(company=account.company, rows=rows, by=by, at=timezone.now(), **options)


def holds(account: CustomerAccount, **order: Any) -> dict[str, Any]:
    result = check(account=account, amount=D(10), at=timezone.now(), **order)
    return {found.code.value: found.figures for found in result.holding}


def test_a_file_is_brought_in_once(account: CustomerAccount, adv: User):
    stranger = row(account, siren="552100554")
    assert bring(account, adv, row(account), stranger, only_ask=True) == [Effect.CREATED, Effect.UNKNOWN]
    assert not LegalNotice.objects.exists()
    assert bring(account, adv, row(account), row(account), stranger) == [
        Effect.CREATED, Effect.UNCHANGED, Effect.UNKNOWN,
    ]  # fmt: skip
    assert bring(account, adv, row(account), stranger) == [Effect.UNCHANGED, Effect.UNKNOWN]
    assert (
        LegalNotice.objects.count() == AuditEvent.objects.filter(action="legal_notice.recorded").count() == 1
    )
    (other,) = bring(account, adv, row(account, K.LIQUIDATION))
    assert isinstance(other, NoticeKnown)
    with pytest.raises(NotAllowed):
        bring(account, make_user("sales", account.company), row(account))


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("judgement_on", {"judgement_on": "+1", "published_on": "+2"}),
        ("published_on", {"published_on": "+1"}),
        ("published_on", {"published_on": "-21"}),
        ("reference", {"reference": ""}),
    ],
)
def test_what_cannot_be_is_named(field: str, fields: dict[str, Any], account: CustomerAccount, adv: User):
    given: dict[str, Any] = {
        name: day(int(text)) if name.endswith("_on") else text for name, text in fields.items()
    }
    (verdict,) = bring(account, adv, row(account, **given))
    assert isinstance(verdict, Invalid)
    assert field in verdict.errors


def test_proceedings_hold_every_order_of_the_entity(account: CustomerAccount, adv: User, manager: User):
    sister = CustomerAccountFactory(company=account.company, entity=account.entity)
    give_limit(sister, "100000", decided_by=manager)
    assert "INSOLVENCY" not in holds(account)
    bring(account, adv, row(account))
    for each in (account, sister):
        assert holds(each)["INSOLVENCY"] == {"kind": "RECEIVERSHIP", "since": day(-20), "prepaid": False}
    # Paid in advance it is held too, and released by whoever may (domain.md 5.1).
    assert holds(account, term="PREPAID")["INSOLVENCY"]["prepaid"] is True
    answer = check(account=account, amount=D(10), at=timezone.now())
    assert answer.mandate.level >= 3
    said = next(f for f in answer.findings_as_contract("en") if f["code"] == Finding.INSOLVENCY)
    assert said["message"].startswith("Receivership since ")
    assert "payment in advance alone" in said["message"]
    assert said["decided_by"] == "credit_manager"
    prepaid = check(account=account, amount=D(10), term="PREPAID", at=timezone.now()).findings_as_contract(
        "fr"
    )
    assert any("payée d’avance" in f["message"] for f in prepaid)
    assert submitted(account, "10", by=adv).number in HoldCase.objects.values_list("order__number", flat=True)
    # A receivership that becomes a liquidation: of that kind by now, since the first judgement.
    bring(
        account, adv, row(account, K.LIQUIDATION, judgement_on=day(-5), published_on=day(-2), reference="A-2")
    )
    assert holds(account)["INSOLVENCY"]["kind"] == "LIQUIDATION"
    assert holds(account)["INSOLVENCY"]["since"] == day(-20)
    assert splits_of([account.pk, sister.pk])[sister.pk] == Split(day(-20), None)


@pytest.mark.parametrize("kind", [K.PLAN, K.SALE, K.DISSOLUTION])
def test_other_notices_hold_nothing(kind: LegalNoticeKind, account: CustomerAccount, adv: User):
    bring(account, adv, row(account, kind))
    assert "INSOLVENCY" not in holds(account)
    assert splits_of([account.pk]) == {}


def test_a_second_judgement_splits_anew_once_the_first_proceedings_are_over(
    account: CustomerAccount, adv: User, manager: User
):
    bring(account, adv, row(account, judgement_on=day(-400), published_on=day(-390)))
    LegalNotice.objects.update(
        ended_on=day(-100), ended_at=timezone.now(), ended_by=manager, end_reason="plan carried out"
    )
    assert splits_of([account.pk])[account.pk] == Split(day(-400), day(-100))
    bring(account, adv, row(account, reference="A-2"))
    assert splits_of([account.pk])[account.pk] == Split(day(-20), None)


def test_ending_is_for_another_person_with_authority(account: CustomerAccount, adv: User, manager: User):
    at = timezone.now()
    noted = record_notice(
        account_id=account.pk, kind=K.SAFEGUARD, judgement_on=day(-20), published_on=day(-10), reference="A-1",
        by=manager, at=at,
    )  # fmt: skip
    same: dict[str, Any] = {
        "account_id": account.pk,
        "judgement_on": day(-20),
        "published_on": day(-10),
        "at": at,
    }
    assert record_notice(kind=K.SAFEGUARD, reference="A-1", by=manager, **same) == noted
    with pytest.raises(NoticeKnown):
        record_notice(kind=K.LIQUIDATION, reference="A-1", by=manager, **same)
    with pytest.raises(NotAllowed):
        record_notice(kind=K.SAFEGUARD, reference="A-2", by=adv, **same)
    with pytest.raises(NotFound):
        record_notice(
            kind=K.SAFEGUARD, reference="A-2", by=make_user("credit_manager", CompanyFactory()), **same
        )

    def end(by: User, **fields: Any) -> LegalNotice:
        return end_notice(notice_id=noted.pk, by=by, at=at, **{"reason": "plan carried out"} | fields)

    director = make_user("finance_director", account.company)
    with pytest.raises(NotAllowed):
        end(adv)
    with pytest.raises(AuthorityExceeded):
        end(make_user("credit_analyst", account.company))
    with pytest.raises(NoticeOwn):
        end(manager)
    with pytest.raises(Invalid):
        end(director, reason=" ")
    with pytest.raises(NotFound):
        end(make_user("finance_director", CompanyFactory()))
    assert end(director).ended_on == day(0)
    assert end(director).ended_on == day(0)
    with pytest.raises(NoticeEnded):
        end(director, was_mistake=True)
    assert "INSOLVENCY" not in holds(account)
    # What was frozen stays so, and may be paid now.
    assert splits_of([account.pk])[account.pk] == Split(day(-20), day(0))


def test_a_mistake_freezes_nothing_and_does_not_come_back(account: CustomerAccount, adv: User, manager: User):
    bring(account, adv, row(account))
    end_notice(
        notice_id=LegalNotice.objects.get().pk, reason="another company", was_mistake=True, by=manager,
        at=timezone.now(),
    )  # fmt: skip
    assert "INSOLVENCY" not in holds(account)
    assert splits_of([account.pk]) == {}
    assert bring(account, adv, row(account)) == [Effect.UNCHANGED]
    assert bring(account, adv, row(account, K.PLAN)) == [Effect.CREATED]


def test_somebody_is_told_at_once_and_class_e_is_asked_for(
    account: CustomerAccount, adv: User, manager: User, work_drain: Any
):
    open_item(account, "1000", due=day(-5), issue_date=day(-35))
    bring(account, adv, row(account), row(account, K.DISSOLUTION, reference="A-2"))
    work_drain()
    alerts = {alert.kind: alert for alert in CreditAlert.objects.exclude(kind="LEGAL_NOTICE")}
    told = CreditAlert.objects.filter(kind="LEGAL_NOTICE").order_by("key")
    assert [(a.key, a.owner, a.status) for a in told] == [("A-1", manager, "OPEN"), ("A-2", manager, "OPEN")]
    assert alerts["CLAIM_FILING"].due_on == deadlines(day(-10)).claim
    assert alerts["TITLE_CLAIM"].due_on == deadlines(day(-10)).title
    assert alerts["CLAIM_FILING"].figures["amount"] == "1000.00"
    asked = ClassOverride.objects.get()
    assert (asked.risk_class, asked.cause, asked.status, asked.asked_by) == (
        "E", OverrideCause.INSOLVENCY, "asked", adv,
    )  # fmt: skip
    # Once more: nothing new.
    bring(account, adv, row(account))
    work_drain()
    assert (CreditAlert.objects.count(), ClassOverride.objects.count()) == (4, 1)


# --- the database ---


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("legal_notice_kind_is_known", {"kind": "RUMOUR"}),
        ("legal_notice_follows_its_judgement", {"published_on": date(2020, 1, 1)}),
        ("legal_notice_has_a_reference", {"reference": ""}),
        ("legal_notice_ended_by_another_with_a_reason", {"ended_on": date(2026, 1, 1)}),
        ("legal_notice_ended_by_another_with_a_reason", {"was_mistake": True}),
    ],
)
def test_the_database_keeps_them_sound(
    constraint: str, fields: dict[str, Any], account: CustomerAccount, adv: User
):
    bring(account, adv, row(account))
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        LegalNotice.objects.update(**fields)


def test_the_database_knows_a_reference_once_and_four_eyes(account: CustomerAccount, adv: User):
    bring(account, adv, row(account), row(account, reference="A-2"))
    with pytest.raises(IntegrityError, match="one_legal_notice_per_reference"), transaction.atomic():
        LegalNotice.objects.update(reference="A-1")
    with pytest.raises(IntegrityError, match="legal_notice_ended_by_another"), transaction.atomic():
        LegalNotice.objects.update(ended_on=day(0), ended_at=timezone.now(), ended_by=adv, end_reason="x")


# --- on screen ---


def signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_on_screen(account: CustomerAccount, adv: User, manager: User):
    open_item(account, "1000", due=day(-5), issue_date=day(-35), document="FA-1")
    open_item(account, "250", due=day(5), issue_date=day(-1), document="FA-2")
    analyst = signed_in(make_user("credit_analyst", account.company))
    address = f"/credit/clients/{account.code}/legal-notice/"
    body = {
        "kind": "RECEIVERSHIP", "judgement_on": day(-20).isoformat(), "published_on": day(-10).isoformat(),
        "reference": "A-1",
    }  # fmt: skip
    assert analyst.get(address).status_code == 200
    assert analyst.post(address, body | {"published_on": day(-30).isoformat()}).status_code == 422
    made = analyst.post(address, body)
    assert made.status_code == 302
    mine = made.headers["Location"]
    assert "File the claim by" in analyst.get(mine).content.decode()
    assert analyst.post(f"{mine}end/", {"reason": "over"}).status_code == 403
    page = signed_in(manager).get(f"/clients/{account.code}/").content.decode()
    for shown in ("Insolvency proceedings", "€1,000.00", "€250.00", "Frozen, of before", "A-1"):
        assert shown in page
    rows = (
        signed_in(manager)
        .get("/credit/legal-notices/", {"state": "open", "q": account.code})
        .content.decode()
    )
    assert "A-1" in rows
    assert signed_in(manager).post(f"{mine}end/", {"reason": ""}).status_code == 422
    assert signed_in(manager).post(f"{mine}end/", {"reason": "carried out"}).status_code == 302
    assert "carried out" in signed_in(manager).get(mine).content.decode()
    assert "A-1" not in signed_in(manager).get("/credit/legal-notices/", {"state": "open"}).content.decode()
    assert "A-1" in signed_in(manager).get("/credit/legal-notices/", {"state": "over"}).content.decode()


def test_entities_of_others_are_not_shown(account: CustomerAccount, adv: User):
    bring(account, adv, row(account))
    assert LegalEntity.objects.filter(legal_notices__reference="A-1").count() == 1
    other = signed_in(make_user("credit_manager", CompanyFactory(code="OTHER")))
    assert "A-1" not in other.get("/credit/legal-notices/").content.decode()
    assert other.get(f"/credit/legal-notices/{LegalNotice.objects.get().pk}/").status_code == 404
