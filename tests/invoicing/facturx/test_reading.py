"""What others send: read into one shape with findings; hostile files are refused and nothing breaks."""

from __future__ import annotations

import zlib
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from facturx import generate_xml

from accounts.models import User
from invoicing.facturx import reading
from invoicing.facturx.reading import Unreadable, read

TERMS = {
    "BT-1": "F-2026-7",
    "BT-2": "2026-11-23",
    "BT-3": "380",
    "BT-5": "EUR",
    "BT-9": "2026-12-23",
    "BT-23": "S1",
    "BT-72": "2026-11-20",
    "BG-1": [{"BT-21": code, "BT-22": "text"} for code in ("PMT", "PMD", "AAB")],
    "BG-4": {
        "name": "Fournitures SA",
        "legal_identifier": "732829320",
        "legal_identifier_schemeid": "0002",
        "vat_identifier": "FR44732829320",
        "country_code": "FR",
        "city": "Lyon",
    },
    "BG-7": {
        "name": "Nous",
        "legal_identifier": "812740504",
        "legal_identifier_schemeid": "0002",
        "country_code": "FR",
    },
    "BG-23": [{"BT-116": "100.00", "BT-117": "20.00", "BT-118": "S", "BT-119": "20"}],
    "BG-25": [
        {
            "BT-126": "1",
            "BT-129": "2",
            "BT-130": "C62",
            "BT-131": "100.00",
            "BT-146": "50.00",
            "BT-151": "S",
            "BT-152": "20",
            "BT-153": "Papier",
        }
    ],
    "BT-106": "100.00",
    "BT-109": "100.00",
    "BT-110": "20.00",
    "BT-112": "120.00",
    "BT-115": "120.00",
}


def written(flavor: str = "factur-x", **changed: object) -> bytes:
    import copy

    terms = copy.deepcopy(TERMS) | {name.replace("_", "-"): value for name, value in changed.items()}
    return generate_xml(terms, flavor=flavor, level="en16931", check_xsd=False, check_schematron=False)


def codes(content: bytes) -> list[str]:
    return [each.code for each in read(content)[1]]


@pytest.mark.parametrize(("flavor", "name"), [("factur-x", "cii"), ("ubl-2.1", "ubl")])
def test_both_syntaxes_say_the_same(flavor: str, name: str) -> None:
    received, findings = read(written(flavor))
    assert findings == []
    assert received.format == name
    assert (received.number, received.type, received.currency) == ("F-2026-7", "380", "EUR")
    assert (str(received.issue_date), str(received.due_date)) == ("2026-11-23", "2026-12-23")
    assert (received.seller, received.seller_id, received.buyer_id) == (
        "Fournitures SA",
        "732829320",
        "812740504",
    )
    assert (received.total_excl_vat, received.total_vat, received.total_incl_vat) == (
        Decimal("100.00"),
        Decimal("20.00"),
        Decimal("120.00"),
    )
    (line,) = received.lines
    assert (line.description, line.quantity, line.net, line.vat_rate) == (
        "Papier",
        Decimal(2),
        Decimal("100.00"),
        Decimal(20),
    )


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"BT_106": "90.00", "BT_109": "90.00", "BT_112": "110.00", "BT_115": "110.00"}, "BR-CO-10"),
        ({"BT_109": "99.00", "BT_112": "119.00", "BT_115": "119.00"}, "BR-CO-13"),
        ({"BT_110": "21.00", "BT_112": "121.00", "BT_115": "121.00"}, "BR-CO-14"),
        ({"BT_112": "125.00", "BT_115": "125.00"}, "BR-CO-15"),
        ({"BT_113": "20.00"}, "BR-CO-16"),
        ({"BT_9": None}, "BR-CO-25"),
        ({"BG_1": []}, "BR-FR-05"),
    ],
)
@pytest.mark.parametrize("flavor", ["factur-x", "ubl-2.1"])
def test_a_broken_rule_is_named(flavor: str, changed: dict[str, object], code: str) -> None:
    assert code in codes(written(flavor, **changed))


def test_a_wrong_siren_is_named() -> None:
    wrong = TERMS["BG-4"] | {"legal_identifier": "732829321", "vat_identifier": "FR45732829320"}  # type: ignore[operator]
    assert {"SELLER_SIREN_WRONG", "SELLER_VAT_WRONG"} <= set(codes(written(BG_4=wrong)))


BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;">]><lolz>&d;</lolz>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>"""


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"<invoice/>",
        b"\x00\x01\x02",
        BOMB,
        OUTSIDE,
        written()[:400],
        b"%PDF-1.7\n",
        b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Names << /EmbeddedFiles 1 0 R >> >>\nendobj\ntrailer << /Root 1 0 R >>",
        b"<a>" * 5000,
        b"<a>" * 100_000,
        written().replace(
            b"<rsm:CrossIndustryInvoice", b"<!DOCTYPE x [<!ENTITY y 'z'>]><rsm:CrossIndustryInvoice", 1
        ),
    ],
    ids=range(12),
)
def test_a_hostile_file_is_refused(content: bytes) -> None:
    with pytest.raises(Unreadable):
        read(content)


def test_a_file_that_unpacks_without_end_is_refused() -> None:
    packed = zlib.compress(b"<a>" + b" " * 120_000_000)
    pdf = (
        b"%%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles << /Names [(factur-x.xml) 3 0 R]"
        b" >> >> >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\n3 0 obj\n<< /Type /Filespec"
        b" /F (factur-x.xml) /UF (factur-x.xml) /EF << /F 4 0 R >> >>\nendobj\n4 0 obj\n<< /Filter /FlateDecode"
        b" /Length %d >>\nstream\n"
        % len(packed)
        + packed
        + b"\nendstream\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF"
    )
    with pytest.raises(Unreadable):
        read(pdf)


@pytest.mark.django_db
def test_the_api_reads_and_refuses(client, accountant: User, monkeypatch) -> None:
    client.force_login(accountant)
    address = "/api/v1/einvoices/read/"
    answer = client.post(address, {"file": SimpleUploadedFile("a.xml", written())}).json()
    assert answer["total_incl_vat"] == "120.00"
    assert answer["lines"][0]["net"] == "100.00"
    assert answer["findings"] == []
    assert answer["profile"] == "EN16931"
    refused = client.post(address, {"file": SimpleUploadedFile("a.xml", b"<no/>")})
    assert (refused.status_code, refused.json()["code"]) == (422, "unreadable")
    assert client.post(address, {}).status_code == 400
    monkeypatch.setattr(reading, "LARGEST", 10)
    large = client.post(address, {"file": SimpleUploadedFile("a.xml", written())})
    assert "20 M" in large.json()["errors"]["file"][0]
