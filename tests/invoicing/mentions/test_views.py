"""The page: a file is sent, what is missing stands first with what to write; nothing is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from accounts.models import Company
from invoicing.mentions import reading
from tests.factories.accounts import make_user
from tests.invoicing.facturx.conftest import company

__all__ = ["company"]


@pytest.fixture
def browser(company: Company) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_user("adv_officer", company))
    return client


def send(browser: Client, content: bytes, paper: str = "terms", name: str = "cgv.pdf") -> tuple[int, str]:
    answer = browser.post(
        reverse("invoicing:check_paper"), {"paper": paper, "file": SimpleUploadedFile(name, content)}
    )
    return answer.status_code, answer.content.decode()


def test_what_is_missing_stands_there_with_what_to_write(browser: Client, pdf: Callable[..., bytes]) -> None:
    assert "What it is" in browser.get(reverse("invoicing:check_paper")).content.decode()
    status, page = send(
        browser, pdf("Conditions générales de vente. Prix selon tarif. Règlement sous 90 jours.")
    )
    assert status == 200
    assert "mentions that the law asks for are missing" in page
    assert "RCS Lyon 732829320" in page
    assert "A term above 60 days" in page
    assert page.index("Missing") < page.index("Doubtful")


@pytest.mark.parametrize("wrong", ["noise", "large", "kind", "none"])
def test_what_cannot_be_read_is_said_beside_the_file(
    wrong: str, browser: Client, monkeypatch: pytest.MonkeyPatch, pdf: Callable[..., bytes]
) -> None:
    monkeypatch.setattr(reading, "LARGEST", 500_000)
    content = {"noise": b"\x00" * 100, "large": b"%PDF-" + b" " * 600_000, "kind": pdf("x"), "none": b""}[
        wrong
    ]
    status, page = send(browser, content, paper="letter" if wrong == "kind" else "terms")
    assert status == 422
    assert {"noise": "neither a PDF nor a DOCX", "large": "larger than 10 MB"}.get(wrong, "o-err") in page


def test_who_is_nobody_here_has_no_page() -> None:
    assert Client().get(reverse("invoicing:check_paper")).status_code == 302


# --- by the API ----------------------------------------------------------------------------------------------------


def by_api(company: Company, body: dict[str, object]) -> Any:
    client = APIClient(headers={"accept-language": "en"})
    client.force_authenticate(make_user("adv_officer", company))
    return client.post("/api/v1/papers/check/", body, format="multipart")


def test_the_api_finds_what_the_page_finds(company: Company, pdf: Callable[..., bytes]) -> None:
    content = pdf("Conditions générales de vente. Prix selon tarif. Règlement sous 90 jours.")
    answer = by_api(company, {"paper": "terms", "file": SimpleUploadedFile("cgv.pdf", content)})
    assert answer.status_code == 200
    found = answer.json()
    assert found["missing"] == sum(
        row["found"] == "missing" and row["weight"] == "must" for row in found["findings"]
    )
    assert found["findings"][0]["found"] == "missing"
    assert any("RCS Lyon 732829320" in row["remedy"] for row in found["findings"])
    assert any(row["doubt"].startswith("A term above 60 days") for row in found["findings"])


@pytest.mark.parametrize(
    ("paper", "content", "status", "code"),
    [
        ("terms", b"\x00" * 100, 422, "unreadable"),
        ("letter", b"%PDF-", 400, "invalid"),
        ("terms", None, 400, "invalid"),
    ],
)
def test_what_the_api_cannot_read_is_named(
    company: Company, paper: str, content: bytes | None, status: int, code: str
) -> None:
    body: dict[str, object] = {"paper": paper}
    if content is not None:
        body["file"] = SimpleUploadedFile("x.pdf", content)
    answer = by_api(company, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
