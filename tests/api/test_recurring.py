"""``recurring-invoices/``."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user

pytestmark = pytest.mark.django_db
V1 = "/api/v1/recurring-invoices/"
LINE = {"description": "Rent", "quantity": "1", "unit_price": "10.00"}


@pytest.fixture
def books() -> User:
    return make_user("receivables_accountant", CompanyFactory(code="API"))


def test_from_preview_to_end(client: Any, books: User):
    account = CustomerAccountFactory(company=books.home_company)
    client.force_login(books)

    def post(path: str, body: dict[str, Any]) -> Any:
        return client.post(V1 + path, body, content_type="application/json")

    days = {"account": account.code, "rhythm": "month", "timing": "arrears", "first_day": "2030-01-01"}
    shown = post("preview/", days).json()["results"]
    assert [row["bill_on"] for row in shown[:2]] == ["2030-01-31", "2030-02-28"]
    made = post("", days | {"lines": [LINE]})
    assert made.status_code == 201, made.content
    row = made.json()
    assert (row["status"], row["next_on"], row["total_excl_vat"]) == ("running", "2030-01-31", "10.00")
    assert client.get(V1).json()["results"][0]["id"] == row["id"]
    assert post(f"{row['id']}/pause/", {"reason": "works"}).json()["status"] == "paused"
    assert post(f"{row['id']}/resume/", {}).json()["status"] == "running"
    assert post(f"{row['id']}/end/", {"reason": "over"}).json()["status"] == "ended"
    assert post(f"{row['id']}/end/", {"reason": "over"}).status_code == 409
    one = client.get(f"{V1}{row['id']}/").json()
    assert (one["coming"], one["periods"], one["lines"][0]["vat_rate"]) == ([], [], "20.00")
