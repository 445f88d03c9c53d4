"""Which amounts make a sum: complete within its bound, and never dear."""

from __future__ import annotations

import time
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing.matching.sums import MOST_TOGETHER, SEARCHED, together


def test_the_fewest_and_first_are_taken() -> None:
    found = together([500, 300, 200, 700], 1000)
    assert found is not None
    assert found.places == (1, 3)
    assert not found.is_only  # 500 + 300 + 200 makes it as well


def test_one_way_is_known_to_be_the_only_one() -> None:
    found = together([511, 301, 207, 700], 818 - 100)
    assert found is not None
    assert (found.places, found.is_only) == ((0, 2), True)


def test_one_amount_alone_is_another_question() -> None:
    assert together([500, 300], 500) is None
    found = together([500, 300, 200], 500)
    assert found is not None
    assert found.places == (1, 2)


def test_credits_count_against() -> None:
    found = together([264000, 186000, -4500], 445500)
    assert found is not None
    assert found.places == (0, 1, 2)


def test_no_more_than_twelve_belong_together() -> None:
    assert together([1] * 20, 13) is None
    found = together([1] * 20, 12)
    assert found is not None
    assert len(found.places) == MOST_TOGETHER
    assert not found.is_only


def test_of_many_the_first_are_searched_then_pairs_and_runs_of_all() -> None:
    many = [1000 + 7 * place for place in range(SEARCHED + 100)]
    pair = together([*many[:SEARCHED], 50_001, 70_003], 120_004)
    assert pair is not None
    assert pair.places == (SEARCHED, SEARCHED + 1)
    assert not pair.is_only
    run = together([*[10**9 + 3**n for n in range(20)] * 2, 5, 17, 40], 62)
    assert run is not None
    assert run.places == (40, 41, 42)


@pytest.mark.parametrize(
    "amounts",
    [
        [10_000] * SEARCHED,
        [3**n for n in range(SEARCHED)],
        [2**n for n in range(SEARCHED)],
        [10_000_000 + n for n in range(200)],
        [(-1) ** n * 9_999 for n in range(200)],
    ],
)
def test_amounts_made_to_be_dear_are_not(amounts: list[int]) -> None:
    began = time.process_time()
    for target in range(1, 40):
        together(amounts, 120_000 + target)
    assert time.process_time() - began < 4  # a tenth of a second each; an unbounded search would take years


@given(
    st.lists(st.integers(-50, 60).filter(bool), min_size=2, max_size=9),
    st.integers(1, 200),
)
def test_within_its_bound_it_finds_what_there_is(amounts: list[int], target: int) -> None:
    kept = [place for place, amount in enumerate(amounts) if amount != target]
    ways = [
        places
        for size in range(2, len(kept) + 1)
        for places in combinations(kept, size)
        if sum(amounts[place] for place in places) == target
    ]
    found = together(amounts, target)
    assert (found is not None) == bool(ways)
    if found is not None:
        assert found.places in ways
        assert len(found.places) == min(map(len, ways))
        assert found.is_only == (len(ways) == 1)
