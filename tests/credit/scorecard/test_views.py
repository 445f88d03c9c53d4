"""The scorecard on screen: what is read, what is entered, what is decided, and what the API says."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import Company, CustomerAccount, User
from credit.models import ClassOverride, EntityFacts, FinancialStatement, ScoreCard
from credit.scorecard import reading, services, words
from credit.scorecard.cards import Facts, Insurer, Rating, card_of
from credit.scorecard.enums import Block, RatingScale
from credit.scorecard.policy import Payments, Statement, Trade
from credit.scorecard.services import refresh_cards
from o2c.shared import work
from o2c.shared.calendar import add_months, paris_date
from o2c.shared.models import AuditEvent
from tests.factories.accounts import make_user
from tests.factories.orders import give_limit

DAY = date(2026, 11, 26)


def today() -> date:
    return paris_date(timezone.now())


def page(user: User, name: str, *args: str, **asked: str) -> str:
    client = Client()
    client.force_login(user)
    answer = client.get(reverse(f"credit:{name}", args=args), asked, headers={"accept-language": "en"})
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def send(user: User, name: str, *args: str, **body: str) -> Any:
    client = Client()
    client.force_login(user)
    return client.post(reverse(f"credit:{name}", args=args), body, headers={"accept-language": "en"})


def card(account: CustomerAccount, score: str, risk_class: str, *, on: date, **fields: Any) -> ScoreCard:
    last = ScoreCard.objects.filter(account=account).order_by("-pk").first()
    return ScoreCard.objects.create(
        account=account, day=on, version=1, score=Decimal(score), risk_class=risk_class, known=35, follows=last,
        points=[Decimal(score), None, None, None, None], computed_at=timezone.now(),
        inputs=fields.pop("inputs", {}), **fields,
    )  # fmt: skip


def test_the_page_says_each_input_with_its_day_and_what_is_missing(
    account: CustomerAccount, analyst: User
) -> None:
    inputs = card_of(
        Facts(payments=Payments(paid=Decimal(3000), paid_days=Decimal(5)), paid_found_on=DAY, currency="EUR"),
        on=DAY,
    ).inputs
    card(account, "100", "C", on=add_months(today(), -2))
    card(account, "85", "C", on=today(), inputs=inputs, asks_review=True)
    shown = page(analyst, "scorecard", account.code)
    for part in ("85.0", "€3,000", "5.0 days late on average", "26/11/2026", "35% of the weight is known"):
        assert part in shown, part
    assert "−15.0" in shown
    assert "No rating was handed over" in shown
    assert "The limit is to be looked at again" in shown
    assert "score-data" in shown


def test_the_client_page_shows_the_card_of_the_day_it_looks_at(
    account: CustomerAccount, analyst: User
) -> None:
    card(account, "90", "C", on=today() - timedelta(days=40))
    card(account, "50", "C", on=today())
    client = Client()
    client.force_login(analyst)
    address = reverse("accounts:part", args=[account.code, "score"])
    now, then, before = (
        client.get(address, asked, headers={"accept-language": "en"}).content.decode()
        for asked in (
            {},
            {"as_of": (today() - timedelta(days=5)).isoformat()},
            {"as_of": (today() - timedelta(days=60)).isoformat()},
        )
    )
    assert "50.0" in now
    assert "before: 90.0, class C" in now
    assert ("90.0" in then, "50.0" in then) == (True, False)
    assert "Nothing was recorded by that day." in before


def test_a_limit_decided_since_ends_the_review(account: CustomerAccount) -> None:
    card(account, "50", "C", on=today(), asks_review=True)
    assert reading.review_since(account) == today()
    give_limit(account, "1000")
    assert reading.review_since(account) is None


def test_the_trend_stands_still_between_cards(account: CustomerAccount) -> None:
    card(account, "70", "B", on=add_months(today(), -3))
    card(account, "40", "D", on=today())
    scores = [
        score for _day, score, _class in reading.trend_of(reading.cards_until(account, today()), today())
    ]
    assert (len(scores), scores[0], scores[-1], scores[-2]) == (13, None, Decimal(40), Decimal(70))


def test_a_year_is_entered_and_refused_beside_its_field(account: CustomerAccount, analyst: User) -> None:
    answer = send(analyst, "new_statement", account.code, closed_on="31/12/2025", currency="eur", equity="35k",
                  total_assets="100 000")  # fmt: skip
    assert answer.url == reverse("credit:scorecard", args=[account.code])
    assert FinancialStatement.objects.get().equity == Decimal(35000)
    refused = send(analyst, "new_statement", account.code, closed_on="31/12/2025", currency="EUR", equity="9",
                   total_assets="8")  # fmt: skip
    assert refused.status_code == 422
    assert "This is more than all assets." in refused.content.decode()
    work.drain()
    assert "31/12/2025" in page(analyst, "scorecard", account.code)


def test_what_is_known_is_entered_and_stands_in_the_form_again(
    account: CustomerAccount, analyst: User
) -> None:
    body = {"founded_on": "1/1/2000", "rating_scale": "bdf", "rating": "3+ ", "rated_on": "1/6/2026"}
    assert send(analyst, "known", account.code, **body, is_natural_person="on").status_code == 302
    assert EntityFacts.objects.get().rating == "3+"
    shown = page(analyst, "known", account.code)
    assert 'value="01/01/2000"' in shown
    assert (
        "Write 1+ to 8, P, or 0."
        in send(analyst, "known", account.code, **body | {"rating": "12"}).content.decode()
    )
    assert "RGPD, article 22" in page(analyst, "scorecard", account.code)


def test_a_class_is_asked_for_decided_and_ended_on_the_page(
    account: CustomerAccount, analyst: User, manager: User
) -> None:
    until = (today() + timedelta(days=30)).strftime("%d/%m/%Y")
    body = {"cause": "insolvency", "risk_class": "E", "valid_until": until, "reason": "Judgement"}
    assert send(analyst, "ask_class", account.code, **body).status_code == 302
    assert "Somebody else decides" in page(analyst, "scorecard", account.code)
    assert "Approve class E" in page(manager, "scorecard", account.code)
    assert send(analyst, "decide_class", account.code, decision="approve", reason="Seen").status_code == 403
    assert send(manager, "decide_class", account.code, decision="approve").status_code == 422
    assert send(manager, "decide_class", account.code, decision="hope", reason="x").status_code == 404
    assert send(manager, "decide_class", account.code, decision="approve", reason="Seen").status_code == 302
    assert ClassOverride.objects.get().status == "approved"
    assert "End it now" in page(manager, "scorecard", account.code)
    assert send(manager, "decide_class", account.code, decision="end", reason="Over").status_code == 302
    assert send(manager, "decide_class", account.code, decision="end", reason="Over").status_code == 404
    assert "Earlier decisions" in page(manager, "scorecard", account.code)


def test_what_is_asked_waits_on_the_home_page_of_who_may_decide(
    account: CustomerAccount, analyst: User, manager: User, director: User
) -> None:
    services.ask_override(
        account_id=account.pk, risk_class="D", cause="judgement", reason="Lost its largest client",
        valid_until=today(), by=manager, at=timezone.now(),
    )  # fmt: skip
    shown = []
    for user in (manager, analyst, director):
        client = Client()
        client.force_login(user)
        shown.append(reverse("credit:scorecard", args=[account.code]) in client.get("/").content.decode())
    assert shown == [False, False, True]


def test_the_class_of_the_score_is_adopted_with_one_click(account: CustomerAccount, analyst: User) -> None:
    card(account, "85", "B", on=today())
    assert "Put it into class B" in page(analyst, "scorecard", account.code)
    send(analyst, "adopt_class", account.code)
    account.refresh_from_db()
    assert account.risk_class == "B"
    assert send(analyst, "adopt_class", account.code).status_code == 302


def test_the_rules_are_read_by_all_and_changed_by_right(
    company: Company, rep: User, director: User, manager: User
) -> None:
    assert "Five sub-scores" in page(rep, "rating_rules")
    assert send(manager, "rating_rules", follows="on", reason="Policy 2027").status_code == 403
    assert send(director, "rating_rules", follows="on").status_code == 422
    assert send(director, "rating_rules", follows="on", reason="Policy 2027").status_code == 302
    assert Company.objects.get(pk=company.pk).class_follows_score
    assert AuditEvent.objects.get(action="rating.rules_changed").reason == "Policy 2027"
    assert send(director, "rating_rules", follows="on", reason="Again").status_code == 422


def test_the_api_says_the_card(account: CustomerAccount, analyst: User, manager: User) -> None:
    client = Client()
    client.force_login(analyst)
    address = f"/api/v1/accounts/{account.code}/scorecard/"
    empty = client.get(address).json()
    assert (empty["score"], empty["day"], empty["blocks"], len(empty["trend"])) == (None, None, [], 13)
    EntityFacts.objects.create(
        company=account.company, entity=account.entity, founded_on=date(2000, 1, 1), recorded_at=timezone.now(),
        recorded_by=analyst,
    )  # fmt: skip
    refresh_cards([account.pk], at=timezone.now())
    row = services.ask_override(
        account_id=account.pk, risk_class="E", cause="insolvency", reason="Judgement", valid_until=today(),
        by=analyst, at=timezone.now(),
    )  # fmt: skip
    services.approve_override(override_id=row.pk, reason="Seen", by=manager, at=timezone.now())
    found = client.get(address).json()
    assert (found["score"], found["score_class"], found["risk_class"], found["known_weight"]) == (
        "100.0", "C", "E", 10,
    )  # fmt: skip
    assert [block["points"] for block in found["blocks"]] == [None, None, None, "100.0", None]
    assert found["override"]["decided_by"] == "credit"
    assert found["trend"][-1] == {"day": today().isoformat(), "score": "100.0", "risk_class": "C"}


def test_another_reps_client_is_not_there(account: CustomerAccount, company: Company) -> None:
    client = Client()
    client.force_login(make_user("sales", company))
    for address in (
        reverse("credit:scorecard", args=[account.code]),
        f"/api/v1/accounts/{account.code}/scorecard/",
    ):
        assert client.get(address).status_code == 404


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_input_has_its_sentence(language: str) -> None:
    facts = Facts(
        payments=Payments(Decimal(10), Decimal(3), Decimal(5), Decimal(9), returned=2, broken=1),
        paid_found_on=DAY,
        last_returned_on=DAY,
        last_broken_on=DAY,
        statement=Statement(
            DAY,
            Decimal(1),
            Decimal(3),
            Decimal(2),
            Decimal(1),
            Decimal(100),
            Decimal(4),
            Decimal(3),
            Decimal(-1),
        ),
        statement_currency="EUR",
        rating=Rating(RatingScale.BDF, "3+", DAY),
        insurer=Insurer("ACTIVE", DAY, None),
        founded_on=date(2000, 1, 1),
        changed_on=DAY,
        change="control",
        trade=Trade(Decimal(50), Decimal(5), 3),
        last_pretext_on=DAY,
        currency="EUR",
    )
    made = card_of(facts, on=DAY)
    with translation.override(language):
        found = {block: [line.text for line in words.lines(block, made.inputs[block])] for block in Block}
    assert {block: len(sentences) for block, sentences in found.items()} == {
        Block.PAYMENT: 5, Block.STATEMENTS: 5, Block.EXTERNAL: 2, Block.AGE: 2, Block.DISPUTES: 3,
    }  # fmt: skip
    assert not any("%(" in text or "None" in text for sentences in found.values() for text in sentences)
    nothing = card_of(Facts(rating=Rating(RatingScale.BDF, "0", DAY)), on=DAY)
    assert words.lines(Block.PAYMENT, nothing.inputs[Block.PAYMENT]) == []
    assert len(words.lines(Block.EXTERNAL, nothing.inputs[Block.EXTERNAL])) == 1
