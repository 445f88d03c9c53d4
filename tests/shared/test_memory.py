"""Memory while many rows are read."""

from __future__ import annotations

import gc

import pytest

from o2c.shared.memory import no_cycles


def test_the_search_for_cycles_rests_and_goes_on_afterwards() -> None:
    assert gc.isenabled()
    with no_cycles():
        assert not gc.isenabled()
        with no_cycles():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_goes_on_after_an_error() -> None:
    with pytest.raises(ValueError, match="unreadable"), no_cycles():
        raise ValueError("unreadable")
    assert gc.isenabled()
