"""Files made to do harm, at every door: refused in words, nothing booked, little memory, and the worker goes on."""

from __future__ import annotations

import io
import string
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Final

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import Company, User
from invoicing import services
from invoicing.enums import FileStatus
from invoicing.models import BankStatement, Payment, StatementFile
from o2c.imports import reader
from o2c.shared import work
from o2c.shared.models import Work
from tests.factories.accounts import CompanyFactory, make_user

pytestmark = pytest.mark.django_db

LETTERS: Final = string.ascii_letters
MEGABYTE: Final = 1024 * 1024
SECONDS: Final = 30
MEGABYTES: Final = 400

_HEAD: Final = (
    '<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02">'
    "<BkToCstmrStmt><Stmt><Id>1</Id>"
)
_TAIL: Final = "</Stmt></BkToCstmrStmt></Document>"
_MT940: Final = (
    ":20:X\n:25:FR7630006000011234567890189\n:28C:1\n:60F:C261102EUR100,00\n:61:2611021102{sign}40,00NTRFREF\n"
    ":86:VIR DUPONT\n:62F:C261102EUR140,00\n-\n"
)
_CII: Final = (
    '<rsm:CrossIndustryInvoice xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100">'
)


def entities() -> bytes:
    lines = ['<!ENTITY a "aaaaaaaaaa">']
    lines += [
        f'<!ENTITY {name} "{f"&{before};" * 10}">'
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    return (
        '<?xml version="1.0"?><!DOCTYPE Document [' + "".join(lines) + "]><Document>&i;</Document>"
    ).encode()


def deep() -> bytes:
    return (_HEAD + "<A>" * 200_000).encode()


def attributes(count: int) -> str:
    """So many, each as short as it can be while no two are called the same."""
    names = (
        one + two + three + four
        for one in LETTERS
        for two in LETTERS
        for three in LETTERS
        for four in LETTERS
    )
    return " ".join(f'{name}=""' for name in islice(names, count))


def long_attribute() -> bytes:
    return (_HEAD + f'<A b="{"x" * 5 * MEGABYTE}"/>' + _TAIL).encode()


def many_attributes() -> bytes:
    return (_HEAD + f"<A {attributes(700_000)}/>" + _TAIL).encode()


def long_text() -> bytes:
    return (_HEAD + "<A>" + "text\n" * 2 * MEGABYTE + "</A>" + _TAIL).encode()


def text_like_tags() -> bytes:
    return (_HEAD + "<A><![CDATA[" + "<text\n" * 2 * MEGABYTE + "]]></A>" + _TAIL).encode()


def many_elements() -> bytes:
    return (_HEAD + "<A/>" * 4_000_000 + _TAIL).encode()


STATEMENTS: Final[dict[str, Callable[[], bytes]]] = {
    "entities": entities,
    "deep elements": deep,
    "a long attribute": long_attribute,
    "many attributes": many_attributes,
    "a long text": long_text,
    "a long text that looks like tags": text_like_tags,
    "many elements": many_elements,
    "cut in half": lambda: _MT940.format(sign="C").encode()[:90],
    "another encoding": lambda: _MT940.format(sign="C").encode("utf-16"),
    "null characters": lambda: _MT940.format(sign="C").replace("X", "\0").encode(),
    "swapped signs": lambda: _MT940.format(sign="D").encode(),
    "a wrong total": lambda: _MT940.format(sign="C").replace("140,00", "141,00").encode(),
    "noise": lambda: bytes(range(256)) * 4096,
    "nothing": lambda: b"",
}


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="DEMO")


@pytest.fixture
def clerk(company: Company) -> User:
    services.add_bank_account(
        company=company,
        iban="FR7630006000011234567890189",
        currency="EUR",
        name="Main",
        by=(user := make_user("receivables_accountant", company)),
        at=timezone.now(),
    )
    return user


@pytest.fixture
def api(clerk: User) -> Client:
    found = Client(headers={"accept-language": "en"})
    found.force_login(clerk, backend="django.contrib.auth.backends.ModelBackend")
    return found


class Measured:
    """Time and memory of what is done inside, of this process alone."""

    def __enter__(self) -> None:
        self.began = time.process_time()
        tracemalloc.start()

    def __exit__(self, *_error: object) -> None:
        peak = tracemalloc.get_traced_memory()[1] / MEGABYTE
        tracemalloc.stop()
        assert peak < MEGABYTES, f"{peak:.0f} MB"
        seconds = time.process_time() - self.began
        assert seconds < SECONDS, f"{seconds:.0f} s"


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_is_refused_in_words_and_nothing_is_booked(api: Client, name: str) -> None:
    content = STATEMENTS[name]()
    with Measured():
        answer = api.post("/api/v1/statements/", {"file": SimpleUploadedFile("bank.txt", content)})
        work.drain()
    told = answer.json()
    if answer.status_code == 202:
        # Larger ones are booked in the background: what is wrong stands with the file.
        file = StatementFile.objects.get(work=told["id"])
        assert file.status == FileStatus.REFUSED
        assert Work.objects.get().state == Work.State.DONE
        told = {"code": file.result["code"], "detail": file.result["message"]}
    else:
        assert answer.status_code in {400, 422}, told
    assert told["code"] in {"unreadable", "totals_do_not_tie", "invalid"}
    assert told["detail"]
    assert not BankStatement.objects.exists()
    assert not Payment.objects.exists()


def test_a_file_beyond_all_measure_is_not_read(api: Client) -> None:
    upload = SimpleUploadedFile("bank.txt", b" " * 100 * MEGABYTE)
    with Measured():
        answer = api.post("/api/v1/statements/", {"file": upload})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_the_worker_goes_on_after_a_file_made_to_stop_it(company: Company, clerk: User) -> None:
    at = timezone.now()
    bad, good = (
        services.receive_file(
            company=company, file=SimpleUploadedFile("bank.txt", content), format="", by=clerk, at=at
        )
        for content in (many_elements(), _MT940.format(sign="C").encode())
    )
    with Measured():
        work.drain()
    bad.refresh_from_db()
    assert bad.status == FileStatus.REFUSED
    assert bad.result["message"]
    services.book_file(file_id=good.pk, by=clerk, at=at)
    work.drain()
    assert StatementFile.objects.get(pk=good.pk).status == FileStatus.DONE
    assert Payment.objects.get().amount == Decimal(40)


EINVOICES: Final[dict[str, Callable[[], bytes]]] = {
    "entities": lambda: entities().replace(b"Document", b"Invoice"),
    "deep elements": lambda: (_CII + "<a>" * 100_000).encode(),
    "a long text": lambda: (_CII + f"<a>{'x' * 11 * MEGABYTE}</a></rsm:CrossIndustryInvoice>").encode(),
    "many elements": lambda: (_CII + "<a/>" * 2_000_000 + "</rsm:CrossIndustryInvoice>").encode(),
    "many attributes": lambda: (_CII + f"<a {attributes(1_000_001)}/></rsm:CrossIndustryInvoice>").encode(),
    "cut in half": lambda: _CII.encode(),
    "another encoding": lambda: (_CII + "<a>Café</a></rsm:CrossIndustryInvoice>").encode("cp1252"),
    "a broken PDF": lambda: b"%PDF-1.7\n" + bytes(range(256)) * 64,
}


@pytest.mark.parametrize("name", EINVOICES)
def test_an_e_invoice_is_refused_in_words(api: Client, name: str) -> None:
    content = EINVOICES[name]()
    with Measured():
        answer = api.post("/api/v1/einvoices/read/", {"file": SimpleUploadedFile("invoice.xml", content)})
    assert answer.status_code == 422, answer.json()
    assert answer.json()["code"] == "unreadable"
    assert answer.json()["detail"]


def workbook(fill: Callable[[xlsxwriter.Workbook], None]) -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        fill(book)
    return target.getvalue()


def test_shared_texts_without_end_are_refused(tmp_path: Path) -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        book.add_worksheet().write_row(0, 0, ["code", "name"])

    content, path = workbook(fill), tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            with new.open(name, "w", force_zip64=True) as stream:
                stream.write(old.read(name))
                for _megabyte in range(120 if "sharedStrings" in name else 0):
                    stream.write(b" " * MEGABYTE)
    with Measured(), pytest.raises(reader.Unreadable, match="too large"):
        list(reader.open_table(path).rows)


def test_a_formula_is_read_as_its_value_and_never_evaluated(tmp_path: Path) -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        page = book.add_worksheet()
        page.write_row(0, 0, ["date", "amount", "text"])
        page.write_datetime(1, 0, date(2026, 11, 2), book.add_format({"num_format": "dd/mm/yyyy"}))
        page.write_formula(1, 1, "=SUM(1,2)", None, 12.5)
        page.write_string(1, 2, '=HYPERLINK("http://x.test")')

    path = tmp_path / "formula.xlsx"
    path.write_bytes(workbook(fill))
    (row,) = reader.open_table(path).rows
    assert row.cells == {
        "date": date(2026, 11, 2),
        "amount": Decimal("12.5"),
        "text": '=HYPERLINK("http://x.test")',
    }
