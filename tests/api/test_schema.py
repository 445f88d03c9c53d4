"""The description of the API is valid, complete and readable."""

from __future__ import annotations

import pytest
from django.core.management import call_command

pytestmark = pytest.mark.django_db


def test_the_schema_is_valid_without_a_warning(tmp_path):
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "schema.yml"))


def test_the_schema_tells_of_problems_company_and_keys(client):
    schema = client.get("/api/v1/schema/", headers={"Accept": "application/json"}).json()
    create = schema["paths"]["/api/v1/orders/"]["post"]
    assert {"200", "201", "400", "401", "403", "404", "409", "413", "415", "422"} <= set(create["responses"])
    assert {"company", "Idempotency-Key"} == {each["name"] for each in create["parameters"]}
    listing = schema["paths"]["/api/v1/orders/"]["get"]["parameters"]
    assert {"page", "page_size", "search", "ordering", "status", "company"} <= {
        each["name"] for each in listing
    }


def test_every_operation_says_what_it_does_and_what_it_answers(client):
    schema = client.get("/api/v1/schema/", headers={"Accept": "application/json"}).json()
    for path, acts in schema["paths"].items():
        for method, told in acts.items():
            name = f"{method} {path}"
            assert told.get("summary"), name
            assert ":raises" not in told.get("description", ""), name
            for code, answer in told["responses"].items():
                if code != "204":
                    assert next(iter(answer["content"].values()))["schema"], (name, code)


def test_the_page_of_the_api_shows_every_address(client):
    page = client.get("/api/v1/docs/")
    assert page.status_code == 200
    text = page.content.decode()
    for path in ("/api/v1/orders/{number}/release/", "/api/v1/reports/aged-balance/", "/api/v1/auth/token/"):
        assert path in text
    assert '<script src="http' not in text


def test_the_document_is_made_once_and_not_sent_again(client, monkeypatch):
    first = client.get("/api/v1/schema/", headers={"Accept": "application/json"})
    monkeypatch.setattr("o2c.api_schema.SchemaGenerator", None)
    again = client.get("/api/v1/schema/", headers={"Accept": "application/json"})
    assert (again.content, again["ETag"]) == (first.content, first["ETag"])
    assert again["Content-Type"].startswith("application/json")
    held = client.get(
        "/api/v1/schema/", headers={"Accept": "application/json", "If-None-Match": first["ETag"]}
    )
    assert (held.status_code, held.content) == (304, b"")
    other = client.get("/api/v1/schema/", headers={"If-None-Match": first["ETag"]})
    assert (other.status_code, other["Content-Type"]) == (200, "application/vnd.oai.openapi; charset=utf-8")


def test_each_language_has_its_own_document(client):
    english, french = (client.get("/api/v1/schema/", {"lang": code}) for code in ("en", "fr"))
    assert english["ETag"] != french["ETag"]
    assert client.get("/api/v1/schema/", {"lang": "xx"})["ETag"] in {english["ETag"], french["ETag"]}
    assert "Accept-Language" in english["Vary"]
