"""Finding clients: by code, by what people type, by who looks after them."""

from __future__ import annotations

from datetime import date

import pytest

from accounts import queries
from o2c.shared.problems import NotFound
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, LegalEntityFactory, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def company():
    return CompanyFactory(code="DEMO")


@pytest.fixture
def adv(company):
    return make_user("adv_officer", company)


@pytest.fixture
def clients(company):
    made = [
        ("C0001", "Boulangerie Müller & Fils", "732829320", "Strasbourg"),
        ("C0002", "Établissements Cœur de Lyon", "404833048", "Lyon"),
        ("C0003", "Lyonnaise de Bois", None, "Grenoble"),
        ("C0010", "SARL Durand", None, "Lyon"),
    ]
    return {
        code: CustomerAccountFactory(
            company=company, code=code, name=name, city=city, entity=LegalEntityFactory(siren=siren)
        )
        for code, name, siren, city in made
    }


def found(user, company, text, **options):
    return [account.code for account in queries.global_search(user, company, text, **options)]


def test_find_account_by_its_code(adv, company, clients):
    assert queries.find_account(adv, company, "C0002") == clients["C0002"]
    with pytest.raises(NotFound):
        queries.find_account(adv, company, "C9999")
    with pytest.raises(NotFound):
        queries.find_account(adv, CompanyFactory(), "C0002")


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("C0010", ["C0010"]),
        ("c0010", ["C0010"]),
        ("C00", ["C0001", "C0002", "C0003", "C0010"]),
        ("muller", ["C0001"]),
        ("MÜLLER fils", ["C0001"]),
        ("coeur", ["C0002"]),
        ("lyon", ["C0003", "C0002", "C0010"]),
        ("732 829 320", ["C0001"]),
        ("732829320", ["C0001"]),
        ("7328", ["C0001"]),
        ("404.833.048", ["C0002"]),
        ("boulangrie", ["C0001"]),
        ("nothing like it", []),
        ("", []),
        ("  ", []),
        ("%", []),
    ],
)
def test_the_search_box(adv, company, clients, text, codes):
    assert sorted(found(adv, company, text)) == sorted(codes)


def test_what_begins_so_comes_first_and_the_list_is_short(adv, company, clients):
    assert found(adv, company, "lyon") == ["C0003", "C0002", "C0010"]
    assert found(adv, company, "lyon", limit=1) == ["C0003"]


def test_the_search_stays_in_the_portfolio(company, clients):
    rep = make_user("sales", company)
    mine = CustomerAccountFactory(company=company, code="C0099", name="Lyon Express", rep=rep)
    assert found(rep, company, "lyon") == ["C0099"]
    assert found(rep, company, "muller") == []
    assert queries.find_account(rep, company, "C0099") == mine
    with pytest.raises(NotFound):
        queries.find_account(rep, company, "C0001")


def test_the_list_is_in_alphabetical_order_with_rep_entity_and_group(
    adv, company, clients, django_assert_num_queries
):
    rep = make_user("sales", company, "anna")
    CustomerAccountFactory(company=company, code="C0500", name="Élan", rep=rep)
    adv.may("accounts.view")  # the grants are read once per request
    listed = queries.client_list(adv, company)
    with django_assert_num_queries(1):
        rows = [(vars(a)["rep_username"], a.code, a.siren, a.group_id_of_entity) for a in listed]
    assert [row[:2] for row in rows] == [
        (None, "C0001"), ("anna", "C0500"), (None, "C0002"), (None, "C0003"), (None, "C0010"),
    ]  # fmt: skip
    assert [a.code for a in queries.matching(queries.client_list(adv, company), "lyon durand")] == ["C0010"]


def test_rep_of_a_client_without_one(clients):
    assert queries.rep_of(clients["C0001"], date(2026, 1, 1)) is None
