"""Bank statements for tests, as banks write them: CFONB 120, CAMT.053, MT940."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

from accounts.models import Company, User
from invoicing import services
from invoicing.models import BankAccount
from o2c.demo import cfonb
from o2c.demo.cfonb import Entry

from .invoicing import AT, TODAY

BANK, BRANCH, NUMBER = "30002", "00550", "0000157841Z"
IBAN = "FR3330002005500000157841Z25"
OPENING = Decimal("1000.00")


def entry(amount: str, label: str = "VIR SEPA DUPONT", *, days: int = 0, **facts: Any) -> Entry:
    """A movement some days from today."""
    details = [*facts.pop("details", ())]
    named = ((qualifier, facts.pop(qualifier, "")) for qualifier in ("NPY", "RCN", "LIB", "IPY"))
    details += [each for each in named if each[1]]
    if (value := facts.pop("value", None)) is not None:
        facts["value_day"] = TODAY + timedelta(days=value)
    return Entry(TODAY + timedelta(days=days), Decimal(amount), label, details=details, **facts)


def cfonb120(*entries: Entry, opening: Decimal = OPENING, account: str = NUMBER, **facts: Any) -> bytes:
    """A statement of one day or more, as CFONB 120."""
    days = [each.day for each in entries] or [TODAY]
    return cfonb.statement(
        bank=BANK,
        branch=BRANCH,
        account=account,
        opening_on=facts.pop("opening_on", min(days) - timedelta(days=1)),
        opening=opening,
        closing_on=facts.pop("closing_on", max(days)),
        entries=entries,
        **facts,
    )


def camt053(
    entries: Sequence[tuple[str, str]] = (),
    *,
    iban: str = IBAN,
    opening: Decimal = OPENING,
    version: str = "02",
    inner: str = "",
    closing: Decimal | None = None,
    number: str = "1",
    currency: str = "EUR",
) -> bytes:
    """A statement of today as CAMT.053: ``entries`` are amounts with their texts, ``inner`` further elements."""

    def amount(value: Decimal) -> str:
        sign = "CRDT" if value >= 0 else "DBIT"
        return f'<Amt Ccy="{currency}">{abs(value):.2f}</Amt><CdtDbtInd>{sign}</CdtDbtInd>'

    def balance(code: str, value: Decimal, day: date) -> str:
        return f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{amount(value)}<Dt><Dt>{day}</Dt></Dt></Bal>"

    values = [Decimal(value) for value, _text in entries]
    last = opening + sum(values) if closing is None else closing
    status = "<Sts>BOOK</Sts>" if version < "08" else "<Sts><Cd>BOOK</Cd></Sts>"
    rows = "".join(
        f"<Ntry>{amount(value)}{status}<BookgDt><Dt>{TODAY}</Dt></BookgDt><ValDt><Dt>{TODAY}</Dt></ValDt>"
        f"<NtryDtls><TxDtls><RmtInf><Ustrd>{escape(text)}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
        for value, (_value, text) in zip(values, entries, strict=True)
    )
    before = TODAY - timedelta(days=1)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"><BkToCstmrStmt>\n'
        f"<Stmt><Id>S{number}</Id><ElctrncSeqNb>{number}</ElctrncSeqNb><Acct><Id><IBAN>{iban}</IBAN></Id></Acct>\n"
        f"{balance('OPBD', opening, before)}{balance('CLBD', last, TODAY)}\n{rows}{inner}</Stmt>\n"
        f"</BkToCstmrStmt></Document>"
    ).encode()


def mt940(*lines: str, opening: str = "C261125EUR1000,00", closing: str, account: str = IBAN) -> bytes:
    """A statement as MT940 with these lines between its balances."""
    fields = [":20:TEST", f":25:{account}", ":28C:7/1", f":60F:{opening}", *lines, f":62F:{closing}", "-"]
    return ("\r\n".join(fields) + "\r\n").encode()


def make_bank_account(company: Company, by: User, **facts: Any) -> BankAccount:
    """The account that these statements are of."""
    named = {"bank": BANK, "branch": BRANCH, "number": NUMBER, "currency": "EUR"} | facts
    return services.add_bank_account(company=company, by=by, at=AT, **named).row
