"""Any request gets an answer: some hundred of the ten thousand that the benchmark sends."""

from __future__ import annotations

from random import Random

import pytest

from accounts.models import User
from o2c.bench import fuzz
from o2c.demo.people import PEOPLE, make_people
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def company():
    company = CompanyFactory(code="DEMO")
    make_people(company)
    CustomerAccountFactory(company=company, code="C0001")
    return company


def test_the_same_seed_makes_the_same_requests(company):
    one, other = fuzz.Fuzzer(Random(1)), fuzz.Fuzzer(Random(1))
    made = [one.one() for _each in range(200)]
    assert made == [other.one() for _each in range(200)]
    assert len({sent.path.partition("?")[0] for sent in made}) > 60
    assert {sent.who for sent in made} == {"", *(person.username for person in PEOPLE)}


def test_nothing_breaks(company):
    tally = fuzz.send(300, seed=7)
    assert tally.faults == []
    assert sum(tally.by_status.values()) == 300
    assert User.objects.filter(username="adv").exists()
