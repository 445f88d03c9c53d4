"""The page of substitutes: named by the absent person or an administrator, ended early."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.models import Substitution, User
from tests.factories.accounts import CompanyFactory, make_user
from tests.orders.pages import browse, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> dict[str, User]:
    company = CompanyFactory(code="DEMO")
    roles = {
        "credit": "credit_manager",
        "analyst": "credit_analyst",
        "sales": "sales",
        "admin": "administrator",
    }
    return {name: make_user(role, company, name, last_name=name.title()) for name, role in roles.items()}


def body(people: dict[str, User], **fields: str) -> dict[str, str]:
    return {
        "absent": str(people["credit"].pk),
        "substitute": str(people["analyst"].pk),
        "valid_from": "today",
        "valid_until": "+5",
        "reason": "Holidays",
        **fields,
    }


def test_i_name_my_substitute_and_end_it(people: dict[str, User]) -> None:
    client = browse(people["credit"])
    answer = client.post(reverse("substitutes"), body(people), follow=True)
    assert "Analyst for Credit" in text_of(answer)
    assert "Analyst for Credit" in text_of(browse(people["analyst"]).get(reverse("substitutes")))
    named = Substitution.objects.get()
    address = reverse("end_substitution", args=[named.pk])
    assert browse(people["sales"]).post(address).status_code == 404
    assert "The substitution has ended." in text_of(client.post(address, follow=True))
    assert "This substitution has ended." in text_of(client.post(address, follow=True))


def test_nobody_names_one_for_somebody_else_but_administrators(people: dict[str, User]) -> None:
    assert browse(people["analyst"]).post(reverse("substitutes"), body(people)).status_code == 422
    sales = browse(people["sales"])
    assert "Name a substitute" not in text_of(sales.get(reverse("substitutes")))
    own = body(people, absent=str(people["sales"].pk))
    assert sales.post(reverse("substitutes"), own).status_code == 422
    assert not Substitution.objects.exists()
    assert browse(people["admin"]).post(reverse("substitutes"), body(people)).status_code == 302


def test_what_does_not_fit_is_said(people: dict[str, User]) -> None:
    client = browse(people["credit"])
    answer = client.post(reverse("substitutes"), body(people, valid_until="-3", reason=""))
    assert answer.status_code == 422
    assert "This field is required." in text_of(answer)
    late = client.post(reverse("substitutes"), body(people, valid_until="-3"))
    assert "The last day lies before the first." in text_of(late)
