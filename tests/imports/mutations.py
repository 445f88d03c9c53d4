"""Files as they should not be: a seeded mutator of good files of every kind.

``mutated_files(seed, count)`` is the same list for the same seed, so that a fault can be looked at again.
"""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from typing import Final

import xlsxwriter

Rows = list[list[str]]

_MOST_CELLS: Final = 250_000
_DAY: Final = date(2026, 11, 2)
_HEADS: Final[dict[str, list[str]]] = {
    "accounts": ["code", "nom", "siren", "devise", "délai", "ville"],
    "orders": ["commande", "client", "code article", "désignation", "quantité", "prix unitaire"],
    "invoices": ["n° facture", "code client", "date facture", "échéance", "montant ttc"],
    "payments": ["id", "client", "date", "montant", "mode", "référence"],
    "rates": ["date", "currency", "units_per_eur"],
    "cover": ["siren", "amount", "insured_pct", "status", "effective_on", "valid_until"],
    "approvals": ["siren", "montant", "devise", "statut", "date d'effet", "date de fin"],
    "notices": ["siren", "nature", "date du jugement", "date de publication", "annonce"],
    "statements": ["siren", "date de clôture", "capitaux propres", "total bilan", "ca"],
}
NASTY: Final = (
    "=1+1", "@SUM(A1)", "+33", "-", "9" * 400, "1e308", "NaN", "Infinity", "0x1F", "1,2,3", "--5", "\t", "",
    "' OR 1=1 --", "<script>", "\N{RIGHT-TO-LEFT OVERRIDE}abc", "\N{COMBINING ACUTE ACCENT}" * 50, "31/02/2026",
    "01/01/26", "00/00/0000", "9999-12-31", "1899-12-31", "x" * 5000, "é" * 200, "a\nb", 'a"b', "\x01", "٣٤٥",
    "-0", "0", "999999999999.99", "1 000 000 000 000,00", "€", "../../etc/passwd", "/", "..",
)  # fmt: skip


def kinds() -> tuple[str, ...]:
    """Kinds a good file exists of."""
    return tuple(_HEADS)


def mutated_files(seed: int, count: int, first: int = 0) -> Iterator[tuple[str, bytes]]:
    """Yield files spoilt in one to three ways; the name begins with the kind and ends in ``.csv`` or ``.xlsx``.

    :param first: number of the first one: each file depends on seed and number alone
    """
    for number in range(first, first + count):
        chance = random.Random(f"{seed}:{number}")
        kind = chance.choice(kinds())
        rows = _good_rows(kind, chance)
        for _time in range(chance.randint(0, 2)):
            chance.choice(_IN_ROWS)(rows, chance)
        if chance.random() < 0.3:
            content, ending = _xlsx(rows), "xlsx"
            content = chance.choice(_IN_SHEETS)(content, chance)
        else:
            content, ending = _csv(rows, chance), "csv"
            content = chance.choice(_IN_BYTES)(content, chance)
        yield f"{kind}-{number:05d}.{ending}", content


def _good_rows(kind: str, chance: random.Random) -> Rows:
    number = chance.randrange(10**6)
    day = f"{_DAY:%d/%m/%Y}"
    lines = {
        "accounts": lambda n: [f"M{number}{n}", "Mutant", "", "EUR", "NET30", "Lyon"],
        "orders": lambda n: [f"O{number}-{n // 2}", "C0001", "A1", "Vanne", "2", "10,50"],
        "invoices": lambda n: [f"F{number}-{n}", "C0001", day, "02/12/2026", "1 200,00"],
        "payments": lambda n: [f"V{number}-{n}", "C0001", day, "15,25", "virement", "F-1"],
        "rates": lambda n: [f"{_DAY:%Y-%m}-{n % 27 + 1:02d}", "USD", "1,08"],
        "cover": lambda n: ["732829320", "5000", "90", "ACTIVE", f"2026-10-{n % 27 + 1:02d}", ""],
        "approvals": lambda n: ["732829320", "5000", "EUR", "accordé", f"2026-10-{n % 27 + 1:02d}", ""],
        "notices": lambda n: ["732829320", "dissolution", "03/11/2026", "12/11/2026", f"A{number}{n}"],
        "statements": lambda n: ["732829320", f"31/12/{2000 + n}", "35,5", "100", "1 000"],
    }[kind]
    return [list(_HEADS[kind]), *(lines(n) for n in range(chance.randint(1, 12)))]


def _csv(rows: Rows, chance: random.Random) -> bytes:
    sign = chance.choice(";;;,\t|")
    encoding = chance.choice(("utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16"))
    return "\r\n".join(sign.join(row) for row in rows).encode(encoding, "replace")


def _xlsx(rows: Rows) -> bytes:
    target = io.BytesIO()
    # Wide or long, but not both: twenty million cells are minutes of writing, and refused by their number.
    widest = min(16_000, _MOST_CELLS // max(1, len(rows)))
    with xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": True}) as book:
        page = book.add_worksheet()
        for line, row in enumerate(rows):
            for column, cell in enumerate(row[:widest]):
                page.write(line, column, cell[:32_000])
    return target.getvalue()


def _swap_columns(rows: Rows, chance: random.Random) -> None:
    chance.shuffle(rows[0])


def _nasty_cell(rows: Rows, chance: random.Random) -> None:
    row = chance.choice(rows)
    row[chance.randrange(len(row))] = chance.choice(NASTY)


def _nasty_column(rows: Rows, chance: random.Random) -> None:
    column = chance.randrange(len(rows[0]))
    for row in rows[1:]:
        if column < len(row):
            row[column] = chance.choice(NASTY)


def _twice_a_header(rows: Rows, chance: random.Random) -> None:
    rows[0].append(chance.choice(rows[0]))
    for row in rows[1:]:
        row.append("1")


_MORE: Final = [f"c{n}" for n in range(10_000)]


def _many_columns(rows: Rows, chance: random.Random) -> None:
    for row in rows:
        row += _MORE[: chance.choice((300, 10_000))]


def _ragged(rows: Rows, chance: random.Random) -> None:
    for row in rows:
        del row[chance.randrange(len(row)) + 1 :]


def _nothing(rows: Rows, chance: random.Random) -> None:
    del rows[chance.randrange(2) :]
    rows.append([""])


def _many_rows(rows: Rows, chance: random.Random) -> None:
    rows += [list(chance.choice(rows)) for _n in range(2_000)]


_IN_ROWS: Final[tuple[Callable[[Rows, random.Random], None], ...]] = (
    _swap_columns, _nasty_cell, _nasty_cell, _nasty_column, _twice_a_header, _many_columns, _ragged, _nothing,
    _many_rows,
)  # fmt: skip


def _as_it_is(content: bytes, chance: random.Random) -> bytes:
    del chance
    return content


def _flip(content: bytes, chance: random.Random) -> bytes:
    spoilt = bytearray(content)
    for _time in range(chance.randint(1, 20)):
        if spoilt:
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
    return bytes(spoilt)


def _truncate(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content) + 1)]


def _null_bytes(content: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(content) + 1)
    return content[:place] + b"\x00" * chance.randint(1, 9) + content[place:]


def _open_quote(content: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(content) + 1)
    return content[:place] + b'"' + content[place:]


def _another_head(content: bytes, chance: random.Random) -> bytes:
    return (
        chance.choice((b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\xff\xfe", b"%PDF-1.7\n"))
        + content
    )


def _twice(content: bytes, chance: random.Random) -> bytes:
    del chance
    return content + content


_IN_BYTES: Final = (_as_it_is, _as_it_is, _flip, _truncate, _null_bytes, _open_quote, _another_head, _twice)


_BLANK: Final = b" " * 1024 * 1024


def _far_cell(content: bytes, chance: random.Random) -> bytes:
    """One cell in the last corner of the sheet: a rectangle that no memory holds."""
    del chance
    cell = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    return _rewritten(content, lambda name, data: data.replace(b"</sheetData>", cell))


def _bomb(content: bytes, chance: random.Random) -> bytes:
    """A sheet that grows a thousandfold when it is unpacked."""
    del chance
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            with new.open(name, "w", force_zip64=True) as stream:
                stream.write(old.read(name))
                for _megabyte in range(450 if "worksheets/" in name else 0):
                    stream.write(_BLANK)
    return target.getvalue()


def _no_workbook(content: bytes, chance: random.Random) -> bytes:
    del chance
    return _rewritten(content, lambda name, data: data, without="xl/workbook.xml")


def _spoilt_sheet(content: bytes, chance: random.Random) -> bytes:
    return _rewritten(content, lambda name, data: _flip(data, chance))


def _rewritten(content: bytes, change: Callable[[str, bytes], bytes], without: str = "") -> bytes:
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name == without:
                continue
            data = old.read(name)
            new.writestr(name, change(name, data) if "worksheets/" in name else data)
    return target.getvalue()


_IN_SHEETS: Final = (
    _as_it_is, _as_it_is, _flip, _truncate, _far_cell, _no_workbook, _spoilt_sheet, _spoilt_sheet, _bomb,
)  # fmt: skip
