from __future__ import annotations

import re
import time
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from invoicing.bank import LARGEST_FILE, TotalsDoNotTie, Unreadable, meaning_of, method_of, read_statements
from invoicing.bank.placing import place
from invoicing.bank.records import AccountId, Movement, Statement, TooLarge
from invoicing.bank.returning import Candidate, ReturnHint, Taken, returned_payment
from invoicing.enums import Continuity, LineOutcome
from o2c.shared.problems import Refusal
from tests.factories.invoicing import TODAY
from tests.factories.statements import IBAN, camt053, cfonb120, entry, mt940

SAMPLE = (Path(__file__).parents[1] / "data" / "cfonb120_sample.txt").read_bytes()
FORMATS = {
    "cfonb120": SAMPLE,
    "camt053": camt053([("120.00", "FA2026-1"), ("-20.00", "frais")], version="08"),
    "mt940": mt940(":61:2611261126C120,50NTRFNONREF", ":86:FA2026-1", closing="C261126EUR1120,50"),
}


def read(content: bytes, format: str = "") -> Statement:
    _format, (statement,) = read_statements(content, format)
    return statement


def only(content: bytes) -> Movement:
    (movement,) = read(content).movements
    return movement


def refused(content: bytes, format: str = "") -> Refusal:
    with pytest.raises((Unreadable, TotalsDoNotTie, TooLarge)) as refusal:
        read_statements(content, format)
    assert re.match(r"Ligne \d+ : |Line \d+: ", str(refusal.value))
    return refusal.value


# --- what no file may do --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xef\xbb\xbf  \r\n",
        b"%PDF-1.7 x",
        b"PK\x03\x04zip",
        b"\x1f\x8bgzip",
        b"\x00\x01\x02",
        b"Hello, this is a letter.",
        b"<html><body>404</body></html>",
        b"<Document/>",
        b"<Document><BkToCstmrStmt></BkToCstmrStmt></Document>",
        b"<Document><BkToCstmrAcctRpt><Rpt/></BkToCstmrAcctRpt></Document>",
        b":20:only a reference\r\n",
        SAMPLE.decode("latin-1").encode("utf-16"),
        SAMPLE.decode("latin-1").encode("cp500"),
        b"number;date;amount\r\n1;2026-01-01;5\r\n",
    ],
)
def test_what_is_no_statement_is_refused_with_its_line(content: bytes):
    assert refused(content).code == "unreadable"


def test_a_file_that_is_too_large_is_refused():
    assert "20" in str(refused(b"0" * (LARGEST_FILE + 1)))


def test_an_xml_bomb_is_refused_at_its_first_line():
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><Document>&b;</Document>'
    started = time.perf_counter()
    assert "document" in str(refused(bomb, "camt053"))
    assert time.perf_counter() - started < 1


def test_a_file_of_the_disk_is_not_read_through_an_entity():
    entity = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><Document>&e;</Document>'
    assert refused(entity).code == "unreadable"


def test_deep_elements_are_refused():
    assert refused(b"<Document>" + b"<a>" * 100_000).code == "unreadable"


@pytest.mark.parametrize("format", FORMATS)
def test_half_a_file_is_refused(format: str):
    content = FORMATS[format]
    # Cut behind it, what is left of an MT940 says the same.
    end = content.find(b":62F:") if format == "mt940" else len(content.rstrip()) - 1
    for cut in range(1, end, max(1, len(content) // 60)):
        with pytest.raises((Unreadable, TotalsDoNotTie)):
            read_statements(content[:cut])


@settings(max_examples=300, deadline=20_000, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(FORMATS)), st.data())
def test_whatever_happens_to_a_file_it_is_read_or_refused(format: str, data: st.DataObject):
    content = bytearray(FORMATS[format])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        kind = data.draw(st.sampled_from(["byte", "cut", "double", "swap"]))
        if kind == "byte":
            content[at] = data.draw(st.integers(0, 255))
        elif kind == "cut":
            del content[at : at + data.draw(st.integers(1, 200))]
        elif kind == "double":
            content[at:at] = content[at : at + data.draw(st.integers(1, 200))]
        else:
            content[at : at + 2] = content[at : at + 2][::-1]
        if not content:
            break
    try:
        _format, statements = read_statements(bytes(content))
    except (Unreadable, TotalsDoNotTie):
        return
    for statement in statements:
        assert statement.opening_balance + statement.moved == statement.closing_balance


@pytest.mark.parametrize(
    "content",
    [
        cfonb120(entry("100")).replace(b"0000000001000{", b"0000000001000}"),
        camt053([("100", "a")], closing=Decimal("900")),
        mt940(":61:2611261126D100,00NTRFX", closing="C261126EUR1100,00"),
    ],
)
def test_swapped_signs_do_not_tie(content: bytes):
    refusal = refused(content)
    assert refusal.code == "totals_do_not_tie"
    assert "900.00" in str(refusal)


# --- CFONB 120 ------------------------------------------------------------------------------------------------


def test_lines_cut_on_the_right_and_empty_ones_are_read():
    cut = b"\n\n".join(line.rstrip() for line in SAMPLE.splitlines())
    assert [m.amount for m in read(cut).movements] == [m.amount for m in read(SAMPLE).movements]
    assert read(SAMPLE.replace(b"\n", b"").replace(b"\r", b"")).closing_balance == Decimal("32807.47")


def test_details_of_a_movement():
    movement = only(
        cfonb120(
            entry(
                "10.00", NPY="DUPONT", RCN="E2E-1".ljust(35) + "SALA", IPY=IBAN,
                details=[
                    ("LIB", "FACTURE 12"), ("LIB", "ET 13"), ("LCS", "RF18539007547034"), ("ZZZ", "unknown"), ("", "")
                ],
            )
        )
    )  # fmt: skip
    assert movement.text == "VIR SEPA DUPONT FACTURE 12 ET 13"
    assert (movement.payer_name, movement.payer_iban, movement.end_to_end_id) == ("DUPONT", IBAN, "E2E-1")
    assert movement.reference == "RF18539007547034"
    assert ("ZZZ", "unknown") in movement.details


def test_accents_in_either_encoding():
    text = cfonb120(entry("10", "VIR SEPA CAFÉ DU THÉÂTRE"))
    assert only(text).label == only(text.decode("latin-1").encode()).label == "VIR SEPA CAFÉ DU THÉÂTRE"


def test_the_payer_is_read_from_the_label_where_nothing_else_names_it():
    assert only(cfonb120(entry("10", "VIR SEPA MARTIN SARL"))).payer_name == "MARTIN SARL"
    assert only(cfonb120(entry("10", "REMISE CHEQUES 12"))).payer_name == ""


@pytest.mark.parametrize(("written", "year"), [("010160", 2060), ("010161", 1961), ("010126", 2026)])
def test_a_century_is_told_by_its_year(written: str, year: int):
    content = cfonb120(opening_on=date(2026, 1, 1), closing_on=date(2026, 1, 1))
    assert read(content.replace(b"010126", written.encode())).closing_on.year == year


def test_the_line_that_is_wrong_is_named():
    content = cfonb120(entry("10"), entry("20"))
    lines = content.split(b"\r\n")
    lines[2] = lines[2].replace(b"0000000000200{", b"00000000002OO{")
    assert str(refused(b"\r\n".join(lines))).startswith(("Line 3", "Ligne 3"))


# --- CAMT.053 -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [f"{n:02}" for n in range(2, 14)])
def test_every_version_reads_the_same(version: str):
    statement = read(camt053([("12.50", "FA2026-1")], version=version))
    assert (statement.account.iban, statement.number, statement.moved) == (IBAN, "1", Decimal("12.50"))


_AMOUNT = '<Amt Ccy="EUR">{}</Amt><CdtDbtInd>{}</CdtDbtInd>'
_DAYS = f"<BookgDt><Dt>{TODAY}</Dt></BookgDt><ValDt><Dt>{TODAY + timedelta(days=2)}</Dt></ValDt>"


def _entry(amount: str, sign: str, rest: str = "", status: str = "<Sts>BOOK</Sts>", flag: str = "") -> str:
    return f"<Ntry>{_AMOUNT.format(amount, sign)}{flag}{status}{_DAYS}{rest}</Ntry>"


def test_what_is_only_announced_is_left_out():
    inner = _entry("5.00", "CRDT", status="<Sts><Cd>PDNG</Cd></Sts>") + _entry(
        "5.00", "CRDT", status="<Sts>PDNG</Sts>"
    )
    assert read(camt053(inner=inner)).movements == ()


def test_a_batch_is_split_where_its_details_add_up_and_left_whole_where_not():
    part = '<TxDtls><Refs><EndToEndId>{0}</EndToEndId></Refs><Amt Ccy="EUR">{1}</Amt></TxDtls>'
    split = f"<NtryDtls>{part.format('A', '2.00')}{part.format('B', '3.00')}</NtryDtls>"
    whole = f"<NtryDtls>{part.format('A', '2.00')}{part.format('B', '2.99')}</NtryDtls>"
    untold = "<NtryDtls><Btch><NbOfTxs>2</NbOfTxs></Btch></NtryDtls>"
    inner = _entry("5.00", "CRDT", split) + _entry("5.00", "CRDT", whole) + _entry("5.00", "CRDT", untold)
    found = read(camt053(inner=inner, closing=Decimal(1015))).movements
    assert [(m.amount, m.end_to_end_id, m.split_by_hand) for m in found] == [
        (Decimal("2.00"), "A", False), (Decimal("3.00"), "B", False), (Decimal("5.00"), "", True),
        (Decimal("5.00"), "", True),
    ]  # fmt: skip


def test_what_a_detail_says_of_a_payment():
    detail = (
        "<NtryDtls><TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId><MndtId>RUM-7</MndtId></Refs><RltdPties><Dbtr>"
        f"<Pty><Nm>DUPONT</Nm></Pty></Dbtr><DbtrAcct><Id><IBAN>{IBAN}</IBAN></Id></DbtrAcct></RltdPties><RmtInf>"
        "<Ustrd>FA2026-1</Ustrd><Ustrd>FA2026-2</Ustrd><Strd><CdtrRefInf><Ref>RF18539007547034</Ref></CdtrRefInf>"
        "</Strd></RmtInf></TxDtls></NtryDtls><AddtlNtryInf>more</AddtlNtryInf>"
    )
    movement = only(camt053(inner=_entry("5.00", "CRDT", detail), closing=Decimal(1005)))
    assert movement.text == "FA2026-1 FA2026-2 RF18539007547034"
    assert (movement.payer_name, movement.payer_iban, movement.mandate) == ("DUPONT", IBAN, "RUM-7")
    assert (movement.end_to_end_id, movement.reference) == ("", "RF18539007547034")
    assert movement.value_on == TODAY + timedelta(days=2)


@pytest.mark.parametrize(
    ("flag", "rest", "reason"),
    [
        ("<RvslInd>true</RvslInd>", "", ""),
        ("", "<NtryDtls><TxDtls><RtrInf><Rsn><Cd>AM04</Cd></Rsn></RtrInf></TxDtls></NtryDtls>", "AM04"),
    ],
)
def test_what_takes_money_back_is_a_return(flag: str, rest: str, reason: str):
    movement = only(camt053(inner=_entry("5.00", "DBIT", rest, flag=flag), closing=Decimal(995)))
    assert (meaning_of(movement), movement.return_reason) == (LineOutcome.RETURN, reason)


def test_the_signs_of_an_entry_in_another_currency_are_refused():
    assert "USD" in str(refused(camt053(inner=_entry("5.00", "CRDT").replace("EUR", "USD"))))


# --- MT940 ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "amount", "value_on", "booked_on"),
    [
        (":61:2611261126C10,00NTRFREF", "10.00", date(2026, 11, 26), date(2026, 11, 26)),
        (":61:261126D10,5NTRFREF", "-10.50", date(2026, 11, 26), date(2026, 11, 26)),
        (":61:261126CR10,NTRFREF", "10.00", date(2026, 11, 26), date(2026, 11, 26)),
        (":61:261126RC10,00NTRFREF", "-10.00", date(2026, 11, 26), date(2026, 11, 26)),
        (":61:261126RDR10,00NTRFREF", "10.00", date(2026, 11, 26), date(2026, 11, 26)),
        (":61:2602300228C10,00NTRFREF", "10.00", date(2026, 2, 28), date(2026, 2, 28)),
        (":61:2612311231C10,00NTRFREF", "10.00", date(2026, 12, 31), date(2026, 12, 31)),
        (":61:2701021231C10,00NTRFREF", "10.00", date(2027, 1, 2), date(2026, 12, 31)),
    ],
)
def test_movements_as_banks_write_them(line: str, amount: str, value_on: date, booked_on: date):
    closing = Decimal(1000) + Decimal(amount)
    movement = only(mt940(line, closing=f"C270131EUR{closing:.2f}".replace(".", ",")))
    assert (movement.amount, movement.value_on, movement.booked_on) == (Decimal(amount), value_on, booked_on)


def test_zero_amounts_and_what_follows_a_balance_are_left_out():
    content = mt940(":61:261126C0,00NTRFX", ":86:nothing", closing="C261126EUR1000,00")
    assert read(content.replace(b"-\r\n", b":64:C261126EUR1000,00\r\n:86:sum\r\n-}")).movements == ()


def test_pages_of_one_statement_become_one():
    first = mt940(":61:261126C10,00NTRFA", closing="C261126EUR1010,00").replace(b":62F:", b":62M:")
    second = mt940(":61:261126C10,00NTRFA", opening="C261126EUR1010,00", closing="C261126EUR1020,00")
    statement = read(first + second.replace(b":60F:", b":60M:"))
    assert (len(statement.movements), statement.opening_balance) == (2, Decimal("1000.00"))
    missing = second.replace(b"1010,00", b"1015,00").replace(b"1020,00", b"1025,00")
    assert refused(first + missing.replace(b":60F:", b":60M:")).code == "unreadable"


def test_text_cut_by_the_line_and_the_words_of_banks():
    movement = only(
        mt940(
            ":61:261126D12,75NRTIEREF//0101", ":86:/RTRN/MS03//EREF/E2E-1//MARF/MND", "-",
            f"7//CNTP/{IBAN}/BNPAFRPP/DUPONT SA///REMI/USTD//FA2026-1/", closing="C261126EUR987,25",
        )
    )  # fmt: skip
    assert (movement.end_to_end_id, movement.mandate, movement.text) == ("E2E-1", "MND-7", "FA2026-1")
    assert (movement.payer_name, movement.payer_iban) == ("DUPONT SA", IBAN)
    assert (meaning_of(movement), movement.return_reason) == (LineOutcome.RETURN, "MS03")
    german = f"166?00GUTSCHRIFT?20EREF+E-9?21SVWZ+FA2026?22-1?31{IBAN}?32DUPONT?33 SA"
    movement = only(mt940(":61:261126C1,00NTRFX", f":86:{german}", closing="C261126EUR1001,00"))
    assert (movement.text, movement.end_to_end_id, movement.payer_name) == ("FA2026-1", "E-9", "DUPONT SA")


@pytest.mark.parametrize("account", [IBAN, f"{IBAN}EUR", "30002005500000157841Z", f"AGRIFRPP/{IBAN}"])
def test_one_account_however_it_is_written(account: str):
    assert read(mt940(closing="C261126EUR1000,00", account=account)).account.key == read(SAMPLE).account.key


# --- round trips ----------------------------------------------------------------------------------------------

_amounts = st.decimals(min_value="-99999", max_value="99999", places=2).filter(bool)
_words = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789", min_size=1, max_size=30).map(
    lambda text: " ".join(text.split()) or "X"
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(_amounts, _words), max_size=12))
def test_what_is_written_is_read_again(rows: list[tuple[Decimal, str]]):
    expected = [(amount, text) for amount, text in rows]
    written = {
        "cfonb120": cfonb120(*(entry(str(amount), text) for amount, text in rows)),
        "camt053": camt053([(str(amount), text) for amount, text in rows]),
        "mt940": mt940(
            *(
                line
                for amount, text in rows
                for line in (
                    f":61:261126{'C' if amount > 0 else 'D'}{abs(amount):.2f}NTRFX".replace(".", ","), f":86:X{text}",
                )
            ),
            closing="{}261126EUR{}".format(
                "C" if 1000 + sum(a for a, _t in rows) >= 0 else "D",
                f"{abs(1000 + sum(a for a, _t in rows)):.2f}".replace(".", ","),
            ),
        ),
    }  # fmt: skip
    for format, content in written.items():
        found = [
            (m.amount, m.label.removeprefix("X") if format == "mt940" else m.label)
            for m in read(content).movements
        ]
        if format == "mt940":
            expected_here = [(amount, text.removeprefix("X")) for amount, text in expected]
            found = [(amount, text.strip().removeprefix("X")) for amount, text in found]
            assert [a for a, _t in found] == [a for a, _t in expected_here]
        else:
            assert found == expected


# --- rules ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "label", "code", "facts", "meaning"),
    [
        ("10", "VIR SEPA DUPONT", "18", {}, LineOutcome.PAYMENT),
        ("10", "VIR SEPA", "18", {"is_reversal": True}, LineOutcome.OTHER),
        ("-10", "COMMISSION IMPAYE LCR", "62", {}, LineOutcome.FEE),
        ("-10", "IMPAYE LCR DUPONT", "63", {}, LineOutcome.RETURN),
        ("-10", "FRAIS REJET PRLV", "62", {"is_reversal": True}, LineOutcome.RETURN),
        ("-10", "VIR SEPA SALAIRES", "21", {}, LineOutcome.OTHER),
    ],
)
def test_what_a_movement_is_to_us(
    amount: str, label: str, code: str, facts: dict[str, bool], meaning: LineOutcome
):
    movement = Movement(1, TODAY, None, Decimal(amount), label, operation_code=code, **facts)  # type: ignore[arg-type]
    assert meaning_of(movement) == meaning


@pytest.mark.parametrize(
    ("label", "code", "method"),
    [
        ("REMISE CHEQUES 12", "02", "cheque"), ("REMISE LCR ECHEANCE", "61", "lcr"),
        ("PRLV SEPA X", "08", "direct_debit"),
        ("REMISE CB TPE 1", "11", "card"), ("VIR SEPA CARTE BLANCHE SARL", "18", "transfer"),
        ("", "NDDT", "direct_debit"),
        ("FA2026-1", "PMNT-RDDT-ESDD", "direct_debit"), ("", "", "transfer"),
    ],
)  # fmt: skip
def test_how_it_was_paid(label: str, code: str, method: str):
    assert method_of(label=label, text=label, operation_code=code) == method


def _statement(opening: str, *amounts: str) -> Statement:
    moves = tuple(Movement(n, TODAY, None, Decimal(a), f"L{a}") for n, a in enumerate(amounts, start=1))
    closing = Decimal(opening) + sum((m.amount for m in moves), Decimal(0))
    return Statement(9, AccountId(iban=IBAN), "EUR", "", TODAY, Decimal(opening), TODAY, closing, moves)


def _mark(amount: str) -> tuple[date, Decimal, str]:
    return TODAY, Decimal(amount), f"L{amount}"


@pytest.mark.parametrize(
    ("opening", "before", "stored", "continuity", "known"),
    [
        ("100", None, {}, Continuity.FIRST, [False, False]),
        ("100", "100", {}, Continuity.CONTINUES, [False, False]),
        ("100", "99", {}, Continuity.GAP, [False, False]),
        # It begins before the end of the last one: the equal lines are the same ones.
        ("100", "110", {"10": 1}, Continuity.OVERLAP, [True, False]),
        # It goes on where the last one ended: an equal line is another one, or the balance would be wrong.
        ("100", "100", {"10": 1}, Continuity.CONTINUES, [False, False]),
    ],
)
def test_where_a_statement_stands(
    opening: str, before: str | None, stored: dict[str, int], continuity: str, known: list[bool]
):
    placed = place(
        _statement(opening, "10", "5"), account="A", balance_before=Decimal(before) if before else None,
        stored={_mark(amount): times for amount, times in stored.items()},
    )  # fmt: skip
    assert (placed.continuity, [each.is_known for each in placed.movements]) == (continuity, known)


def test_equal_lines_of_a_day_are_told_apart_and_the_third_is_new():
    placed = place(
        _statement("80", "10", "10", "10"), account="A", balance_before=Decimal(100), stored={_mark("10"): 2}
    )
    assert [each.is_known for each in placed.movements] == [True, True, False]
    assert len({each.fingerprint for each in placed.movements}) == 3


def test_the_payment_that_was_taken_back():
    taken = Taken(frozenset({"E2E"}), IBAN, "IMPAYE PRLV LEROY SAS", "direct_debit")
    by_name = Candidate(1, frozenset(), "", ("Leroy SAS",), "transfer")
    by_reference = Candidate(2, frozenset({"E2E"}), "", ("Other",), "transfer")
    by_method = Candidate(3, frozenset(), "", ("Other",), "direct_debit")
    assert returned_payment(taken, [by_method, by_name, by_reference]) == (2, ReturnHint.REFERENCE)
    assert returned_payment(taken, [by_method, by_name]) == (1, ReturnHint.NAME)
    assert returned_payment(taken, [by_method]) == (3, ReturnHint.METHOD)
    assert returned_payment(taken, [by_method, by_method]) is None
    assert returned_payment(taken, []) is None
