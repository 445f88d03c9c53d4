"""VAT once per rate, half-up: properties that hold for every document."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from o2c.shared.vat import line_net, vat_totals

CENT = Decimal("0.01")

quantities = st.decimals(min_value=Decimal("-9999"), max_value=Decimal("9999"), places=3)
prices = st.decimals(min_value=Decimal(0), max_value=Decimal("99999"), places=4)
rates = st.sampled_from([Decimal(rate) for rate in ("20", "10", "5.5", "2.1", "0")])
documents = st.lists(st.tuples(quantities, prices, rates), max_size=12)


def exact_half_up(value: Fraction) -> Decimal:
    """Round a fraction half away from zero to the cent, without any decimal context."""
    scaled = abs(value) * 100
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(whole if value >= 0 else -whole) / 100


@given(documents)
def test_totals_are_those_of_exact_arithmetic(lines: list[tuple[Decimal, Decimal, Decimal]]):
    totals = vat_totals(lines)

    bases: dict[Decimal, Decimal] = {}
    for quantity, price, rate in lines:
        net = exact_half_up(Fraction(quantity) * Fraction(price))
        assert line_net(quantity, price) == net
        bases[rate] = bases.get(rate, Decimal(0)) + net
    assert {entry.rate: entry.base for entry in totals.by_rate} == bases
    for entry in totals.by_rate:
        assert entry.vat == exact_half_up(Fraction(entry.base) * Fraction(entry.rate) / 100)
    assert totals.excl == sum(bases.values())
    assert totals.incl == totals.excl + totals.vat
    assert totals.vat == sum(entry.vat for entry in totals.by_rate)


@given(documents, st.randoms())
def test_the_order_of_lines_changes_nothing(lines: list[tuple[Decimal, Decimal, Decimal]], random):
    shuffled = random.sample(lines, len(lines))
    assert vat_totals(shuffled) == vat_totals(lines)


@given(documents)
def test_a_document_turned_round_is_its_negative(lines: list[tuple[Decimal, Decimal, Decimal]]):
    turned = vat_totals([(-quantity, price, rate) for quantity, price, rate in lines])
    assert turned.incl == -vat_totals(lines).incl


def test_the_half_cent_is_rounded_up():
    assert line_net(Decimal("0.5"), Decimal("0.01")) == CENT
    assert (Decimal("0.005")).quantize(CENT, ROUND_HALF_UP) == CENT
    assert vat_totals([(Decimal(1), Decimal("0.10"), Decimal(5))]).vat == CENT
