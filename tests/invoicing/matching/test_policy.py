"""What a payment may settle, and how sure that is: no database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing.matching.facts import Circle, DiscountTerms, Money, OpenItem, Proposal, Rules, Why
from invoicing.matching.policy import (
    PROPOSED,
    automatic,
    cash_discount,
    discount_until,
    propose,
    without_tolerance,
)

TODAY = date(2026, 11, 23)
RULES = Rules(automatic=True)
OWNER, SISTER = 1, 2


def item(key: int, amount: str, *, number: str = "", account: int = OWNER, discount: str = "0") -> OpenItem:
    return OpenItem(
        key,
        number or f"FA2026-{key:06d}",
        account,
        Decimal(amount),
        issue_date=date(2026, 11, 15),
        due_date=date(2026, 10, 1 + key % 28),
        discount=Decimal(discount),
        discount_until=date(2026, 11, 25) if Decimal(discount) else None,
    )


def circle(*items: OpenItem, recorded: int | None = None, linked: dict[int, int] | None = None) -> Circle:
    names = {OWNER: ("Menuiseries Kervadec",), SISTER: ("Scierie Kervadec",)}
    return Circle("entity:1", items, recorded=recorded, linked=linked or {}, names=names)


def money(amount: str, text: str = "", *, payer: str = "", foreign: bool = False) -> Money:
    return Money(1, Decimal(amount), TODAY, text=text, payer_name=payer, foreign=foreign)


def best(found: Sequence[Proposal]) -> Proposal:
    assert list(found) == sorted(found, key=lambda p: -p.score)
    return found[0]


def whys(proposal: Proposal) -> set[Why]:
    return {reason.why for reason in proposal.reasons}


def amounts(proposal: Proposal) -> dict[int, Decimal]:
    return {line.item.key: line.amount for line in proposal.lines}


def test_a_number_and_its_amount_are_sure_whoever_pays() -> None:
    for payer in ("", "Menuiseries Kervadec", "Boulangerie Martin"):
        found = propose(money("1200", "VIR FA2026-000007", payer=payer), [circle(item(7, "1200"))], RULES)
        assert automatic(found, RULES) == found[0]
        assert amounts(found[0]) == {7: Decimal(1200)}
        assert Why.CITED in whys(found[0])
    assert Why.PAYER_UNLIKE in whys(found[0])


def test_nothing_is_automatic_unless_the_company_wants_it() -> None:
    found = propose(money("1200", "FA2026-000007"), [circle(item(7, "1200"))], RULES)
    assert automatic(found, Rules()) is None
    assert automatic(found, replace(RULES, confidence=Decimal("1.00"))) is None
    assert automatic((), RULES) is None


def test_several_numbers_and_a_credit_make_the_amount() -> None:
    items = [item(1, "2640"), item(2, "1860"), item(3, "-45", number="AV2026-000003")]
    found = propose(money("4455", "FA2026-1 FA2026-000002"), [circle(*items)], RULES)
    assert amounts(best(found)) == {1: Decimal(2640), 2: Decimal(1860), 3: Decimal(-45)}
    assert Why.CREDIT_NOTE in whys(best(found))
    part = propose(money("4455", "FA2026-000001 FA2026-000002"), [circle(*items[:2], item(3, "-980"))], RULES)
    assert amounts(best(part))[3] == Decimal(-45)
    assert automatic(part, RULES) is None


def test_a_discount_taken_in_time_settles_the_whole() -> None:
    found = best(propose(money("11760", "FA2026-000004"), [circle(item(4, "12000", discount="240"))], RULES))
    assert (found.lines[0].amount, found.lines[0].discount) == (Decimal(11760), Decimal(240))
    assert found.is_whole


def test_a_discount_taken_too_late_stays_open() -> None:
    late = replace(money("11760", "FA2026-000004"), received_on=date(2026, 11, 26))
    found = best(propose(late, [circle(item(4, "12000", discount="240"))], RULES))
    assert found.lines[0].discount == 0
    assert Why.LATE_DISCOUNT in whys(found)
    assert not found.is_whole
    assert automatic([found], RULES) is None


@pytest.mark.parametrize(
    ("amount", "written_off", "over"), [("999.01", "0.99", "0"), ("1000.60", "0", "0.60")]
)
def test_a_small_difference_is_let_go(amount: str, written_off: str, over: str) -> None:
    found = best(propose(money(amount, "FA2026-000004"), [circle(item(4, "1000"))], RULES))
    assert (found.lines[0].write_off, found.over) == (Decimal(written_off), Decimal(over))
    assert sum(line.amount for line in found.lines) + found.over == Decimal(amount)
    assert found.is_whole
    kept = without_tolerance(found)
    assert (kept.lines[0].write_off, kept.over, kept.left) == (Decimal(0), Decimal(0), Decimal(over))


def test_the_tolerance_is_the_companys() -> None:
    found = best(propose(money("998.99", "FA2026-000004"), [circle(item(4, "1000"))], RULES))
    assert Why.SHORT in whys(found)
    wide = best(
        propose(
            money("998.99", "FA2026-000004"), [circle(item(4, "1000"))], replace(RULES, tolerance=Decimal(2))
        )
    )
    assert Why.TOLERANCE in whys(wide)


def test_an_exchange_difference_is_for_foreign_currencies_and_somebody_looks() -> None:
    at_home = best(propose(money("994", "FA2026-000004"), [circle(item(4, "1000"))], RULES))
    assert Why.SHORT in whys(at_home)
    found = propose(money("994", "FA2026-000004", foreign=True), [circle(item(4, "1000"))], RULES)
    assert found[0].lines[0].is_exchange
    assert automatic(found, replace(RULES, confidence=Decimal("0.5"))) is None


def test_a_short_payment_of_what_it_names_is_a_proposal_only() -> None:
    found = propose(money("700", "FA2026-000004"), [circle(item(4, "1000"), recorded=OWNER)], RULES)
    assert amounts(best(found)) == {4: Decimal(700)}
    assert Why.SHORT in whys(best(found))
    assert automatic(found, replace(RULES, confidence=Decimal("0.5"))) is None


def test_the_amount_alone_is_sure_for_a_known_payer_and_one_item() -> None:
    known = circle(item(1, "1200"), item(2, "830.17"), recorded=OWNER)
    assert automatic(propose(money("830.17"), [known], RULES), RULES) is not None
    linked = circle(item(1, "1200"), item(2, "830.17"), linked={OWNER: 3})
    found = propose(money("830.17"), [linked], RULES)
    assert amounts(best(found)) == {2: Decimal("830.17")}
    assert automatic(found, RULES) is not None
    assert Why.PAYER_IBAN in whys(best(found))


def test_the_amount_alone_of_a_payer_known_by_name_is_a_proposal() -> None:
    found = propose(money("830.17", payer="KERVADEC MENUISERIES SARL"), [circle(item(2, "830.17"))], RULES)
    assert best(found).score >= Decimal("0.8")
    assert automatic(found, RULES) is None
    unknown = propose(money("830.17"), [circle(item(2, "830.17"))], RULES)
    assert best(unknown).score < Decimal("0.6")


def test_equal_amounts_are_never_told_apart_by_a_machine() -> None:
    found = propose(money("1200"), [circle(item(1, "1200"), item(2, "1200"), recorded=OWNER)], RULES)
    assert amounts(best(found)) == {1: Decimal(1200)}  # the oldest first
    assert Why.SEVERAL_FIT in whys(best(found))
    assert automatic(found, replace(RULES, confidence=Decimal("0.5"))) is None


def test_a_number_that_is_not_open_casts_doubt_on_an_equal_amount() -> None:
    """A client who pays the same invoice twice must not settle another one by it."""
    known = circle(item(2, "830.17"), item(3, "12"), recorded=OWNER)
    found = propose(money("830.17", "FA2026-000099"), [known], RULES)
    assert Why.CITES_OTHER in whys(best(found))
    assert automatic(found, RULES) is None


def test_a_sum_of_several_is_proposed_and_ambiguous_sums_say_so() -> None:
    items = [item(1, "511.13"), item(2, "301.77"), item(3, "207.41"), item(4, "1890.05")]
    found = propose(money("718.54"), [circle(*items, recorded=OWNER)], RULES)
    assert amounts(best(found)) == {1: Decimal("511.13"), 3: Decimal("207.41")}
    same = [item(1, "300"), item(2, "200"), item(3, "400"), item(4, "100"), item(5, "77")]
    doubtful = best(propose(money("500"), [circle(*same, recorded=OWNER)], RULES))
    assert Why.SEVERAL_FIT in whys(doubtful)


def test_everything_that_is_open_is_a_balance() -> None:
    items = [item(1, "511.13"), item(2, "301.77"), item(3, "-100", number="AV2026-000003")]
    found = propose(money("712.90"), [circle(*items, recorded=OWNER)], RULES)
    assert Why.BALANCE in whys(best(found))
    assert automatic(found, RULES) == best(found)


def test_a_sister_pays() -> None:
    own = circle(item(1, "500", account=SISTER), recorded=OWNER)
    found = best(propose(money("500", "FA2026-000001"), [own], RULES))
    assert found.account_id == OWNER
    assert Why.PAYER_RELATED in whys(found)


def test_a_bank_account_that_paid_for_somebody_else_casts_doubt() -> None:
    found = propose(money("500", "FA2026-000001"), [circle(item(1, "500"))], RULES, elsewhere=True)
    assert Why.PAYER_ELSEWHERE in whys(best(found))
    assert automatic(found, RULES) is None


def test_last_digits_name_an_item_of_a_known_payer_alone() -> None:
    items = [item(2264, "1200"), item(2301, "900")]
    found = best(propose(money("1200", "facture 2264"), [circle(*items, recorded=OWNER)], RULES))
    assert amounts(found) == {2264: Decimal(1200)}
    assert Why.CITED_LOOSELY in whys(found)
    unknown = propose(money("1150", "facture 2264"), [circle(*items)], RULES)
    assert not any(Why.CITED_LOOSELY in whys(each) for each in unknown)


def test_an_order_by_due_date_is_always_there_and_never_automatic() -> None:
    found = propose(money("1300"), [circle(item(1, "1200"), item(2, "830.17"), recorded=OWNER)], RULES)
    assert amounts(found[-1]) == {1: Decimal(1200), 2: Decimal(100)}
    assert automatic(found, replace(RULES, confidence=Decimal("0.5"), margin=Decimal(0))) is None
    assert propose(money("5"), [circle()], RULES) == ()


def test_a_cash_discount_is_of_the_price_without_vat() -> None:
    """domain.md 1.4: 10 000 € HT at 20 %, 2 %: 11 760.00 instead of 12 000.00."""
    terms = DiscountTerms(Decimal(2), 10)
    assert cash_discount(Decimal(12000), Decimal(10000), Decimal(2000), terms) == Decimal("240.00")
    assert cash_discount(Decimal("1234.56"), None, None, terms) == Decimal("24.69")
    assert discount_until(date(2026, 11, 15), terms) == date(2026, 11, 25)


@given(
    st.lists(st.integers(-50_000, 500_000).filter(bool), max_size=30),
    st.integers(1, 900_000),
    st.text("FA2026-01 ", max_size=40),
)
def test_no_proposal_takes_more_than_there_is(cents: list[int], paid: int, text: str) -> None:
    items = [item(key, str(Decimal(amount) / 100)) for key, amount in enumerate(cents, start=1)]
    received = Decimal(paid) / 100
    found = propose(money(str(received), text), [circle(*items, recorded=OWNER)], RULES)
    assert len(found) <= PROPOSED
    for proposal in found:
        assert sum(line.amount for line in proposal.lines) + proposal.left + proposal.over == received
        assert 0 <= proposal.score < 1
        assert 0 <= proposal.over <= RULES.tolerance
        for line in proposal.lines:
            taken = line.amount + line.discount + line.write_off
            assert 0 < taken <= line.item.open_amount or line.item.open_amount <= taken < 0
        assert len({line.item.key for line in proposal.lines}) == len(proposal.lines)
