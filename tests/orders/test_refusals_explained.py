"""Every reason that keeps an order says why, what is missing, who decides, by when, and what can be done now.

On the order's page, beside the entry of an order, on a quotation, on *Can I sell?* and its shared link, on the client's
page, in the queue, in the answers of the API and in what the sales rep is told, in both languages.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from django.test import Client
from django.utils import timezone, translation

from accounts.models import CustomerAccount, User
from credit import policy as credit_policy
from credit import services as credit
from credit.advice import Answer
from credit.authority import role_label
from credit.enums import CoverStatus, Finding, LegalNoticeKind
from credit.messages import message
from credit.models import BuyerCover, CreditLimit, InsurancePolicy, RiskPolicy
from credit.services.checks import check
from credit.services.legal import record_notice
from credit.services.part_limits import set_part_limits
from credit.written.queries import Quote, quotes_of
from dunning.services import promises
from invoicing import services as invoicing
from o2c.shared import formats, work
from o2c.shared.badges import badge_for
from o2c.shared.calendar import paris_date
from o2c.shared.formats import money
from o2c.shared.models import OutboxMessage
from orders import services as orders
from orders.lists import working_time_left
from orders.models import HoldCase, Order
from orders.page import facts_of, reasons_of, ways_of
from tests.factories.accounts import make_user
from tests.factories.orders import open_item, quoted, submitted

pytestmark = pytest.mark.django_db

LANGUAGES: Final = ("fr", "en")
AMOUNT: Final = "1200"


def _expired(account: CustomerAccount, manager: User) -> None:
    limits = CreditLimit.objects.filter(account=account)
    limits.update(valid_until=paris_date(timezone.now()) - timedelta(days=1))


def _late(account: CustomerAccount, days: int, amount: str) -> None:
    open_item(account, amount, due=paris_date(timezone.now()) - timedelta(days=days))


def _disputed(account: CustomerAccount, manager: User) -> None:
    item = open_item(account, "3000", due=paris_date(timezone.now()) + timedelta(days=20))
    clerk = make_user("receivables_accountant", account.company)
    now = timezone.now()
    invoicing.dispute_amount(item_id=item.pk, amount=Decimal(3000), on=paris_date(now), by=clerk, at=now)


def _broken(account: CustomerAccount, manager: User) -> None:
    item = open_item(account, "90", due=paris_date(timezone.now()) + timedelta(days=20))
    at = timezone.now() - timedelta(days=12)
    promises.make_promise(
        item_ids=[item.pk], promised_date=paris_date(at) + timedelta(days=1), by=manager, at=at
    )
    promises.judge_promises()


def _returned(account: CustomerAccount, manager: User) -> None:
    today, clerk = paris_date(timezone.now()), make_user("receivables_accountant", account.company)
    paid = invoicing.record_payment(
        company=account.company, external_id="P1", account=account, received_on=today - timedelta(days=5),
        amount=Decimal(750), currency="EUR", method="cheque", by=clerk, at=timezone.now(),
    )  # fmt: skip
    invoicing.return_payment(
        payment_id=paid.pk, returned_on=today, reason="No funds", by=clerk, at=timezone.now()
    )


def _not_insured(account: CustomerAccount, manager: User) -> None:
    now, company = timezone.now(), account.company
    since = paris_date(now) - timedelta(days=200)
    recorded: dict[str, Any] = {"recorded_by": manager, "recorded_at": now}
    InsurancePolicy.objects.create(
        company=company, insurer="I", number="1", valid_from=since, extension_days=1, **recorded
    )
    BuyerCover.objects.create(
        company=company, entity=account.entity, amount=5000, currency="EUR", insured_pct=90,
        status=CoverStatus.ACTIVE, effective_on=since, **recorded,
    )  # fmt: skip
    RiskPolicy.objects.filter(risk_class=account.risk_class).update(overdue_floor=400, grace_days=30)
    _late(account, 10, "500")


def _part_limit(account: CustomerAccount, manager: User) -> None:
    set_part_limits(
        account_id=account.pk,
        amounts={"open_orders": Decimal(500)},
        reason="Stocks",
        by=manager,
        at=timezone.now(),
    )


def _insolvent(account: CustomerAccount, manager: User) -> None:
    today = paris_date(timezone.now())
    record_notice(
        account_id=account.pk, kind=LegalNoticeKind.RECEIVERSHIP, judgement_on=today - timedelta(days=9),
        published_on=today - timedelta(days=4), reference="BODACC A 1", by=manager, at=timezone.now(),
    )  # fmt: skip


def _without_rate(account: CustomerAccount, manager: User) -> None:
    open_item(account, "10", due=paris_date(timezone.now()) + timedelta(days=20), currency="CHF")


def _evidence(account: CustomerAccount, manager: User) -> None:
    RiskPolicy.objects.filter(risk_class=account.risk_class).update(evidence_required=True)


# How a client or its order comes to each reason, and what of the order is special.
REASONS: Final[dict[Finding, tuple[Callable[[CustomerAccount, User], object], dict[str, Any]]]] = {
    Finding.OVER_LIMIT: (lambda account, manager: open_item(account, "9500"), {}),
    Finding.NO_LIMIT: (lambda account, manager: CreditLimit.objects.all().delete(), {}),
    Finding.REVIEW_EXPIRED: (_expired, {}),
    Finding.OVERDUE_DAYS: (lambda account, manager: _late(account, 80, "400"), {}),
    Finding.OVERDUE_AMOUNT: (lambda account, manager: _late(account, 5, "900"), {}),
    Finding.BROKEN_PROMISE: (_broken, {}),
    Finding.UNPAID_INSTRUMENT: (_returned, {}),
    Finding.PART_LIMIT: (_part_limit, {}),
    Finding.DISPUTE_OPEN: (_disputed, {}),
    Finding.INSURANCE_STOP: (_not_insured, {}),
    Finding.ACCOUNT_BLOCKED: (
        lambda account, manager: credit.block(
            account_id=account.pk, reason="Unpaid bills", by=manager, at=timezone.now()
        ),
        {},
    ),
    Finding.INSOLVENCY: (_insolvent, {}),
    Finding.TERMS_CHANGED: (lambda account, manager: None, {"term": "NET90"}),
    Finding.DEPOSIT_MISSING: (lambda account, manager: None, {"term": "PREPAID"}),
    Finding.RATE_MISSING: (_without_rate, {}),
    Finding.EVIDENCE_MISSING: (_evidence, {}),
    Finding.MANUAL: (lambda account, manager: None, {}),
}
# Reasons of one order: a question without an order does not meet them.
OF_THE_ORDER: Final = frozenset(
    {Finding.TERMS_CHANGED, Finding.DEPOSIT_MISSING, Finding.EVIDENCE_MISSING, Finding.MANUAL}
)


def held(code: Finding, account: CustomerAccount, adv: User, manager: User) -> Order:
    """An order that waits for this reason."""
    prepare, fields = REASONS[code]
    prepare(account, manager)
    order = submitted(account, AMOUNT, by=adv, **fields)
    if code is Finding.MANUAL:
        orders.hold(order_id=order.pk, comment="Wait for the plant", by=manager, at=timezone.now())
    work.drain()
    order.refresh_from_db()
    assert code in {hold.reason for hold in HoldCase.objects.get(order=order).holds.all()}
    return order


def text_of(answer: Any) -> str:
    """A page as it reads: no tags, single spaces."""
    assert answer.status_code == 200, answer.content
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.content.decode())).split())


def spoken(words: str) -> str:
    return " ".join(words.split())


def time_left(case: HoldCase, at: datetime, language: str) -> str:
    """Working time until the answer is due, as the queue writes it."""
    return formats.duration(int(working_time_left(case, at).total_seconds()), language)


def article_of(code: str, account: CustomerAccount) -> Quote:
    """The article of the written policy that a reason quotes, in the language in force."""
    number = credit_policy.ARTICLES[Finding(code)]
    return quotes_of(account.company_id, {number}, on=paris_date(timezone.now()))[number]


def test_every_reason_that_can_hold_is_tried_and_has_its_article():
    found = {code for code in Finding if f"Finding.{code.name}, Severity.HOLD" in _rules()}
    assert found <= REASONS.keys() | {Finding.PO_MISMATCH}
    for code in REASONS:
        assert credit_policy.ARTICLES.get(code), code


def _rules() -> str:
    with open(credit_policy.__file__, encoding="utf-8") as source:
        return " ".join(source.read().split()).replace("( ", "(")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", REASONS)
def test_a_held_order_says_all_of_it(
    code: Finding,
    language: str,
    account: CustomerAccount,
    rep: User,
    adv: User,
    manager: User,
    client: Client,
):
    User.objects.update(language=language)
    order = held(code, account, adv, manager)
    case = HoldCase.objects.get(order=order)
    hold = case.holds.get(reason=code)
    with translation.override(language):
        cause = message(code, hold.figures, currency="EUR", language=language)
        decider = str(role_label(hold.decided_by))
        missing = next((r.amount for r in reasons_of(order, None) if r.code == code), None)
    assert decider
    assert decider != hold.decided_by

    rep.refresh_from_db()
    client.force_login(rep)
    page = text_of(client.get(f"/orders/{order.number}/"))
    assert spoken(cause) in page
    assert decider in page
    assert ("Réponse attendue" if language == "fr" else "Answer due") in page
    if missing is not None:
        assert spoken(money(missing, language, "EUR")) in page
    with translation.override(language):
        assert order.last_decision is not None
        ways = ways_of(order, facts_of(order))
        quote = article_of(code, account)
    assert ways
    assert any(spoken(way.title) in page for way in ways)
    assert f"art. {quote.number}" in page
    assert spoken(quote.title) in page
    assert spoken(quote.why) in page

    mail = OutboxMessage.objects.get(kind="order.held", user=rep)
    assert mail.language == language
    letter = spoken(mail.text)
    for said in (cause, decider, "À faire" if language == "fr" else "What now"):
        assert spoken(said) in letter
    with translation.override(language):
        at = timezone.localtime(case.target_at)
        assert f"{formats.date_short(at.date())} {at:%H:%M}" in letter
    assert f"art. {quote.number})" in letter

    client.force_login(make_user("integration", account.company))
    answer = client.get(f"/api/v1/orders/{order.number}/", headers={"accept-language": language}).json()
    shown = next(each for each in answer["holds"] if each["code"] == code)
    assert shown["message"] == cause
    assert shown["decided_by"] == hold.decided_by
    assert shown["policy_article"] == quote.number
    assert (shown["article"]["title"], shown["article"]["why"]) == (quote.title, quote.why)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", REASONS)
def test_the_queue_says_it_in_one_row(
    code: Finding,
    language: str,
    account: CustomerAccount,
    rep: User,
    adv: User,
    manager: User,
    client: Client,
):
    User.objects.update(language=language)
    order = held(code, account, adv, manager)
    case = HoldCase.objects.get(order=order)
    for user in (rep, manager):
        user.refresh_from_db()
        client.force_login(user)
        asked = timezone.now()
        page = text_of(client.get("/orders/holds/"))
        with translation.override(language):
            decider = str(role_label(case.holds.get(reason=code).decided_by))
            # Two reasons stand as words, the others as their number; the order's page tells them all.
            causes = [str(badge_for(hold.reason).label) for hold in case.holds.order_by("pk")]
            ways = ways_of(order, facts_of(order))
            # A minute may end while the page is drawn.
            left = {spoken(time_left(case, at, language)) for at in (asked, timezone.now())}
        assert order.number in page
        for cause in causes[:2]:
            assert spoken(cause) in page
        assert (f"{decider} décide" if language == "fr" else f"{decider} decides") in page
        if case.over_limit_by:
            assert spoken(money(case.over_limit_by, language, "EUR")) in page
        assert any(time in page for time in left)
        assert any(spoken(way.title) in page for way in ways)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", [code for code in REASONS if code not in OF_THE_ORDER])
def test_the_rep_reads_all_of_it_before_offering(
    code: Finding, language: str, account: CustomerAccount, rep: User, manager: User, client: Client
):
    REASONS[code][0](account, manager)
    User.objects.filter(pk=rep.pk).update(language=language)
    rep.refresh_from_db()
    client.force_login(rep)
    found = check(account=account, amount=Decimal(AMOUNT), at=timezone.now(), by=rep).as_contract()
    finding = next(each for each in found["findings"] if each["code"] == code)

    page = text_of(client.get("/credit/can-i-sell/", {"client": account.code, "amount": AMOUNT}))
    with translation.override(language):
        answer = Answer(found)
        ways = answer.ways()
        assert spoken(message(code, finding["figures"], currency="EUR", language=language)) in page
        assert answer.decided_by in page
        assert ("4 heures ouvrées" if language == "fr" else "4 working hours") in page
        assert ways
        for way in ways:
            assert spoken(way.title) in page
        assert spoken(answer.words(delivery=None)) in page


def entered(account: CustomerAccount) -> dict[str, str]:
    """An order as its form posts it, of the amount asked about."""
    return {
        "client": account.code, "lines-TOTAL_FORMS": "1", "lines-INITIAL_FORMS": "0", "lines-0-description": "Goods",
        "lines-0-quantity": "1", "lines-0-unit_price": "1000", "lines-0-vat_rate": "20",
    }  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", [code for code in REASONS if code not in OF_THE_ORDER])
def test_no_surface_refuses_without_the_article_the_decider_and_what_can_be_done(
    code: Finding, language: str, account: CustomerAccount, rep: User, manager: User, client: Client
):
    REASONS[code][0](account, manager)
    User.objects.filter(pk=rep.pk).update(language=language)
    rep.refresh_from_db()
    client.force_login(rep)
    quotation = quoted(account, AMOUNT, by=rep)
    with translation.override(language):
        found = check(account=account, amount=Decimal(AMOUNT), at=timezone.now(), by=rep).as_contract()
        finding = next(each for each in found["findings"] if each["code"] == code)
        cause = message(code, finding["figures"], currency="EUR", language=language)
        answer, quote = Answer(found), article_of(code, account)
        ways, decider = answer.ways(), answer.decided_by
    sold = {"client": account.code, "amount": AMOUNT}
    pages = {
        "entry": client.post("/orders/new/answer/", entered(account)),
        "quotation": client.get(f"/orders/quotations/{quotation.number}/"),
        "can I sell": client.get("/credit/can-i-sell/", sold),
        "client": client.get(f"/clients/{account.code}/part/sell/", {"amount": AMOUNT}, headers={"HX-Request": "true"}),
    }  # fmt: skip
    for surface, told in pages.items():
        page = text_of(told)
        for said in (cause, f"art. {quote.number}", quote.title, quote.why, decider):
            assert spoken(said) in page, (surface, said)
        assert "4 heures ouvrées" in page or "4 working hours" in page, surface
        for way in ways:
            assert spoken(way.title) in page, (surface, way.title)
        if answer.missing:
            assert spoken(money(answer.missing, language, "EUR")) in page, surface

    told = client.post(
        f"/api/v1/accounts/{account.code}/credit-check/", {"amount": AMOUNT}, content_type="application/json"
    ).json()
    shown = next(each for each in told["findings"] if each["code"] == code)
    assert shown["message"] == cause
    assert shown["article"] == {
        "number": quote.number, "title": quote.title, "why": quote.why, "version": quote.version,
    }  # fmt: skip
    assert shown["decided_by"]
    assert told["answer_hours"] == 4
    assert [way["title"] for way in told["ways"]] == [way.title for way in ways]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_link_that_a_rep_shares_says_the_same(
    language: str, account: CustomerAccount, rep: User, manager: User, client: Client
):
    open_item(account, "9500")
    User.objects.update(language=language)
    manager.refresh_from_db()
    client.force_login(rep)
    page = client.get("/credit/can-i-sell/", {"client": account.code, "amount": AMOUNT})
    client.force_login(manager)
    with translation.override(language):
        quote = article_of(Finding.OVER_LIMIT, account)
    shared = text_of(client.get(page.context["share_url"].partition("testserver")[2]))
    assert spoken(quote.title) in shared
    assert spoken(quote.why) in shared


def test_an_order_that_passes_quotes_nothing(account: CustomerAccount, rep: User, client: Client):
    client.force_login(rep)
    told = client.post(
        f"/api/v1/accounts/{account.code}/credit-check/", {"amount": "10"}, content_type="application/json"
    ).json()
    assert (told["findings"], told["answer_hours"], told["ways"]) == ([], None, [])
