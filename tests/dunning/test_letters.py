"""Letters in words: placeholders, what is asked for, penalties to date, credits taken off, both languages."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from accounts.models import CustomerAccount, User
from dunning.letters import Asked, letter_pdf, write_letter
from dunning.services.scenarios import ensure_scenario
from dunning.templating import filled, unknown
from tests.factories.invoicing import TODAY, assume_rates, day, make_credit, make_item

D = Decimal


def test_placeholders_are_words_alone():
    assert filled("$client owes ${total}, $other", {"client": "A", "total": "1"}) == "A owes 1, $other"
    assert unknown("$client ${__class__} $nothing") == ["__class__", "nothing"]
    assert unknown("50 $") == ["$"]
    assert filled("$client", {"client": "$total {{ 1 }} <b>"}) == "$total {{ 1 }} <b>"


def letter(account: CustomerAccount, accountant: User, step: int, language: str, **fields: Any) -> Any:
    items = [make_item(account, "10000.00", by=accountant, issued=day(-60), due=day(-30), **fields)]
    make_item(account, "777.00", by=accountant, issued=day(-1), due=day(20))
    found = ensure_scenario(account.company).steps.select_related("scenario").get(number=step)
    asked = [Asked(item, item.open_amount) for item in items]
    return write_letter(account, found, asked, on=TODAY, contact=None, language=language)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fr", ("MISE EN DEMEURE", "101,92", "40,00", "article 1344", "décembre 2026", "777,00")),
        ("en", ("FORMAL NOTICE", "101.92", "40.00", "article 1344", "1 December 2026", "777.00")),
    ],
)
def test_a_formal_notice_says_what_the_law_wants(
    account: CustomerAccount, accountant: User, language: str, words: tuple[str, ...]
):
    assume_rates(TODAY)
    written = letter(account, accountant, 5, language)
    whole = f"{written.subject}\n{written.text}"
    assert [word for word in words if word not in whole] == []


@pytest.mark.django_db
def test_without_a_legal_rate_words_and_no_amount(
    account: CustomerAccount, accountant: User, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("invoicing.interest_queries.rate_table", dict)
    written = letter(account, accountant, 3, "fr")
    assert "au taux légal applicable" in written.text
    assert "101,92" not in written.text


@pytest.mark.django_db
def test_credits_are_shown_and_taken_off(account: CustomerAccount, accountant: User):
    make_credit(account, "1000.00", by=accountant)
    written = letter(account, accountant, 2, "en")
    assert "9,000.00" in written.subject
    assert "1,000.00" in written.text.replace("9,000.00", "")


@pytest.mark.django_db
@pytest.mark.parametrize("step", [0, 2, 3, 4, 5])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_letter_of_the_default_scenario_is_drawn(
    account: CustomerAccount, accountant: User, step: int, language: str
):
    written = letter(account, accountant, step, language)
    assert "$" not in written.subject + written.text
    assert letter_pdf(written).startswith(b"%PDF-")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "fr",
            (
                "Principal\u00a0: 10\u202f000,00",
                "Pénalités de retard à ce jour\u00a0: 101,92",
                "Jeanne Signe",
            ),
        ),
        ("en", ("Principal: €10,000.00", "Late-payment interest to this day: €101.92", "Jeanne Signe")),
    ],
)
def test_a_formal_notice_says_what_the_sum_is_made_of_and_who_signs(
    account: CustomerAccount, accountant: User, language: str, words: tuple[str, ...]
):
    assume_rates(TODAY)
    item = make_item(
        account, "10000.00", by=accountant, issued=day(-60), due=day(-30), customer_reference="PO-4711"
    )
    step = ensure_scenario(account.company).steps.select_related("scenario").get(number=5)
    written = write_letter(
        account, step, [Asked(item, item.open_amount)], on=TODAY, contact=None, language=language,
        signed_by="Jeanne Signe",
    )  # fmt: skip
    assert [word for word in (*words, "PO-4711") if word not in written.text] == []
    friendly = write_letter(
        account, step.scenario.steps.get(number=3), [Asked(item, item.open_amount)], on=TODAY, contact=None,
        language=language, signed_by="Jeanne Signe",
    )  # fmt: skip
    assert "Jeanne Signe" not in friendly.text
    assert letter_pdf(written).startswith(b"%PDF-")
