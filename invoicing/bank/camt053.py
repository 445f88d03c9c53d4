"""CAMT.053: the statement of ISO 20022, versions 001.02 to 001.13 (domain.md 9.2).

Elements are told by their local names, so that the version does not matter. The file is read event by event and an
entry is dropped once it is understood. Document types and entities are refused: no statement has one, and they are how
a small file becomes a huge one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from xml.parsers import expat

from django.utils.translation import gettext as _

from .records import AccountId, Movement, Statement, Unreadable, cents, clean, iban_in

_DEEPEST: Final = 60
# Elements kept at a time: those of one entry, a batch of thousands of payments at most, and the heads around it.
_MOST_KEPT: Final = 500_000
# From one tag to the next: no bank writes as much into one element, or into its attributes.
_LONGEST_PIECE: Final = 200_000
_NUMBER: Final = re.compile(r"[0-9]{1,18}(\.[0-9]{0,5})?", re.ASCII)
_OPENING: Final = ("OPBD", "PRCD")
_CLOSING: Final = ("CLBD",)
_NOT_GIVEN: Final = {"", "NOTPROVIDED", "NOT PROVIDED", "NONREF"}
_OTHER_REPORTS: Final = {"BkToCstmrAcctRpt": "camt.052", "BkToCstmrDbtCdtNtfctn": "camt.054"}
_ROOT: Final = "BkToCstmrStmt"


class _Node:
    """An element: local name, line, attributes, text, children."""

    __slots__ = ("attributes", "children", "line", "name", "text")

    def __init__(self, name: str, line: int, attributes: dict[str, str]) -> None:
        self.name, self.line, self.attributes = name, line, attributes
        self.children: list[_Node] = []
        self.text = ""

    def at(self, path: str) -> _Node | None:
        """The first element down a path."""
        node: _Node | None = self
        for name in path.split("/"):
            node = next((child for child in node.children if child.name == name), None) if node else None
        return node

    def all(self, path: str) -> Iterator[_Node]:
        """Every element down a path."""
        nodes = [self]
        for name in path.split("/"):
            nodes = [child for node in nodes for child in node.children if child.name == name]
        yield from nodes

    def said(self, *paths: str) -> str:
        """The text of the first of these elements that has one."""
        for path in paths:
            for node in self.all(path):
                if text := clean(node.text):
                    return text
        return ""


class _Reader:
    """Builds the statements as the elements come."""

    def __init__(self) -> None:
        self.stack: list[_Node] = []
        self.statements: list[Statement] = []
        self.entries: list[Movement] = []
        self.is_statement = False
        self.kept, self.before_entry = 0, 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.parser.ExternalEntityRefHandler = self._refuse

    def _line(self) -> int:
        return self.parser.CurrentLineNumber

    def _refuse(self, *_facts: Any) -> int:
        raise Unreadable(
            self._line(), _("a document type or an entity is declared here; no statement of a bank has one.")
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self.stack) >= _DEEPEST:
            raise Unreadable(self._line(), _("elements stand inside each other more than 60 deep here."))
        local = name.rpartition(" ")[2]
        if not self.stack and local != "Document":
            raise Unreadable(
                self._line(),
                _("the file starts with “%(name)s”, not with “Document”.") % {"name": local[:60]},
            )
        if local in _OTHER_REPORTS and len(self.stack) == 1:
            raise Unreadable(
                self._line(),
                _("this is a %(found)s, without the balances that prove it. Ask the bank for camt.053.")
                % {"found": _OTHER_REPORTS[local]},
            )
        if local == "Ntry":
            self.before_entry = self.kept
        self.kept += 1
        if self.kept > _MOST_KEPT:
            raise Unreadable(self._line(), _("more elements stand here than a statement has."))
        self.is_statement = self.is_statement or local == _ROOT
        self.stack.append(_Node(local, self._line(), attributes))

    def _text(self, text: str) -> None:
        node = self.stack[-1] if self.stack else None
        if node is None or (not node.text and text.isspace()):
            return  # the white space between two elements is nothing to keep
        node.text += text
        if len(node.text) > _LONGEST_PIECE:
            raise Unreadable(self._line(), _("an element here is longer than any of a statement."))

    def _end(self, _name: str) -> None:
        node = self.stack.pop()
        parent = self.stack[-1].name if self.stack else ""
        if node.name == "Ntry" and parent == "Stmt":
            self.entries += _movements(node, self._currency())
            self.kept = self.before_entry
        elif node.name == "Stmt" and parent == _ROOT:
            self.statements.append(_statement(node, self.entries))
            self.entries = []
        elif self.stack:
            self.stack[-1].children.append(node)

    def _currency(self) -> str:
        """The currency of the statement that is open: the account's, else that of its balances."""
        open_one = self.stack[-1]
        first = open_one.at("Bal/Amt")
        return open_one.said("Acct/Ccy") or (first.attributes.get("Ccy", "") if first else "")


def _refuse_long_pieces(content: bytes) -> None:
    """Look from tag to tag before anything is built of them, in steps as wide as a piece may be."""
    place = 0
    while len(content) - place > _LONGEST_PIECE:
        tag = content.rfind(b"<", place, place + _LONGEST_PIECE)
        if tag < 0:
            line = content.count(b"\n", 0, place) + 1
            raise Unreadable(line, _("an element here is longer than any of a statement."))
        place = tag + 1


def read(content: bytes) -> list[Statement]:
    """Read every statement of a file; entries that are only announced (PDNG, INFO, FUTR) are left out.

    :raises Unreadable: naming the line and what is wrong with it
    """
    _refuse_long_pieces(content)
    reader = _Reader()
    try:
        reader.parser.Parse(content.lstrip(), True)
    except expat.ExpatError as error:
        raise Unreadable(
            error.lineno,
            _("this is no well-formed XML (%(error)s). Fetch the file again: it is cut short or was changed.")
            % {"error": expat.errors.messages.get(error.code, str(error.code))},
        ) from error
    except (LookupError, UnicodeError) as error:
        raise Unreadable(
            1, _("the encoding that the file names is not known: %(error)s.") % {"error": error}
        ) from error
    if not reader.is_statement or not reader.statements:
        raise Unreadable(1, _("there is no statement (BkToCstmrStmt/Stmt) in this file."))
    return reader.statements


def _statement(node: _Node, entries: list[Movement]) -> Statement:
    account = AccountId(iban=iban_in(node.said("Acct/Id/IBAN")), number=_other_number(node))
    if account.iban:
        account = AccountId(iban=account.iban)
    elif not account.number:
        raise Unreadable(node.line, _("the statement names no account (Acct/Id/IBAN)."))
    balances: dict[str, list[_Node]] = {}
    for balance in node.all("Bal"):
        balances.setdefault(balance.said("Tp/CdOrPrtry/Cd", "Tp/CdOrPrtry/Prtry"), []).append(balance)
    opening = next((balances[code][0] for code in _OPENING if code in balances), None)
    closing = next((balances[code][-1] for code in _CLOSING if code in balances), None)
    if opening is None or closing is None:
        raise Unreadable(
            node.line,
            _("the statement lacks its %(which)s balance.")
            % {"which": _("opening (OPBD)") if opening is None else _("closing (CLBD)")},
        )
    currency = node.said("Acct/Ccy") or _amount_node(closing).attributes.get("Ccy", "")
    for balance in (opening, closing):
        _check_currency(_amount_node(balance), currency)
    opening_on, closing_on = _balance_day(opening), _balance_day(closing)
    return Statement(
        line=closing.line,
        account=account,
        currency=currency,
        number=clean(node.said("ElctrncSeqNb", "LglSeqNb", "Id"), 60),
        # Some banks date the old balance with the day it opens, some with the one before; none after the new one.
        opening_on=opening_on,
        opening_balance=_signed(opening),
        closing_on=closing_on,
        closing_balance=_signed(closing),
        movements=tuple(entries),
    )


def _other_number(node: _Node) -> str:
    """The account's number where it has no IBAN, or one that is wrong."""
    return clean(node.said("Acct/Id/Othr/Id", "Acct/Id/IBAN"), 34).replace(" ", "").upper()


def _movements(entry: _Node, currency: str) -> list[Movement]:
    """An entry as movements: one for each detail whose amounts add up to it, else one for the whole."""
    status = entry.said("Sts/Cd", "Sts/Prtry", "Sts") or "BOOK"
    if status != "BOOK":
        return []
    _check_currency(_amount_node(entry), currency)
    amount = _signed(entry)
    if not amount:
        return []
    details = list(entry.all("NtryDtls/TxDtls"))
    parts = [_part(detail, amount, currency) for detail in details]
    known = [part for part in parts if part is not None]
    if len(details) > 1 and len(known) == len(parts) and sum(known) == amount:
        return [_movement(entry, detail, part) for detail, part in zip(details, known, strict=True) if part]
    batch = entry.said("NtryDtls/Btch/NbOfTxs")
    several = len(details) > 1 or (not details and batch not in {"", "0", "1"})
    single = details[0] if len(details) == 1 else None
    return [_movement(entry, single, amount, several=several)]


def _part(detail: _Node, whole: Decimal, currency: str) -> Decimal | None:
    """The signed amount of a detail in the account's currency, None where it says none."""
    node = detail.at("Amt") or detail.at("AmtDtls/TxAmt/Amt")
    if node is None or node.attributes.get("Ccy") != currency:
        return None
    amount = _number(node)
    sign = detail.said("CdtDbtInd")
    is_debit = sign == "DBIT" if sign else whole < 0
    return -amount if is_debit else amount


def _movement(entry: _Node, detail: _Node | None, amount: Decimal, *, several: bool = False) -> Movement:
    about = detail or entry
    reasons = about.said("RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry")
    is_reversal = "true" in {entry.said("RvslInd"), about.said("RvslInd")} or about.at("RtrInf") is not None
    who = ("Dbtr", "UltmtDbtr") if amount > 0 or is_reversal else ("Cdtr", "UltmtCdtr")
    free = clean(" ".join(node.text for node in about.all("RmtInf/Ustrd")))
    structured = about.said("RmtInf/Strd/CdtrRefInf/Ref")
    more = about.said("AddtlTxInf") or entry.said("AddtlNtryInf")
    label = clean(
        free or more or structured or about.said("Refs/AcctSvcrRef") or entry.said("AcctSvcrRef"), 500
    )
    end_to_end = about.said("Refs/EndToEndId")
    return Movement(
        line=about.line,
        booked_on=_entry_day(entry, "BookgDt", "ValDt"),
        value_on=_entry_day(entry, "ValDt", "BookgDt"),
        amount=amount,
        label=label,
        text=clean(f"{free or more} {structured}" if structured not in (free or more) else free or more),
        reference=clean(
            structured
            or about.said("Refs/AcctSvcrRef", "AcctSvcrRef")
            or entry.said("AcctSvcrRef", "NtryRef"),
            300,
        ),
        end_to_end_id="" if end_to_end.upper() in _NOT_GIVEN else clean(end_to_end, 70),
        mandate=clean(about.said("Refs/MndtId"), 70),
        payer_name=clean(
            about.said(*(f"RltdPties/{w}/{path}" for w in who for path in ("Nm", "Pty/Nm"))), 200
        ),
        payer_iban=iban_in(
            about.said(f"RltdPties/{who[0]}Acct/Id/IBAN", f"RltdPties/{who[0]}Acct/Id/Othr/Id")
        ),
        operation_code=clean(_transaction_code(about) or _transaction_code(entry), 40),
        return_reason=clean(reasons, 40),
        is_reversal=is_reversal,
        split_by_hand=several,
    )


def _transaction_code(node: _Node) -> str:
    code = node.at("BkTxCd/Domn")
    if code is None:
        return node.said("BkTxCd/Prtry/Cd")
    return "-".join(filter(None, (code.said("Cd"), code.said("Fmly/Cd"), code.said("Fmly/SubFmlyCd"))))


def _amount_node(node: _Node) -> _Node:
    found = node.at("Amt")
    if found is None:
        raise Unreadable(node.line, _("%(name)s lacks its amount (Amt).") % {"name": node.name})
    return found


def _check_currency(node: _Node, currency: str) -> None:
    found = node.attributes.get("Ccy", "")
    if not re.fullmatch(r"[A-Z]{3}", found) or (currency and found != currency):
        raise Unreadable(
            node.line,
            _("currency %(found)s in a statement in %(expected)s.")
            % {"found": found[:10] or "-", "expected": currency or "-"},
        )


def _number(node: _Node) -> Decimal:
    text = node.text.strip()
    if not _NUMBER.fullmatch(text):
        raise Unreadable(node.line, _("“%(text)s” is no amount.") % {"text": clean(text, 40)})
    try:
        return cents(Decimal(text), node.line)
    except InvalidOperation as error:
        raise Unreadable(node.line, _("“%(text)s” is no amount.") % {"text": clean(text, 40)}) from error


def _signed(node: _Node) -> Decimal:
    """An amount with the sign that CdtDbtInd gives it."""
    amount, sign = _number(_amount_node(node)), node.said("CdtDbtInd")
    if sign not in {"CRDT", "DBIT"}:
        raise Unreadable(
            node.line,
            _("%(name)s says neither CRDT nor DBIT (CdtDbtInd).") % {"name": node.name},
        )
    return amount if sign == "CRDT" else -amount


def _entry_day(entry: _Node, *names: str) -> date:
    text = entry.said(*(f"{name}/{kind}" for name in names for kind in ("Dt", "DtTm")))
    return _day(text, entry)


def _balance_day(balance: _Node) -> date:
    return _day(balance.said("Dt/Dt", "Dt/DtTm"), balance)


def _day(text: str, node: _Node) -> date:
    """The day that is written, in the bank's own time."""
    try:
        if len(text) > 10 and text[10:11] not in {"Z", "+", "-"}:
            return datetime.fromisoformat(text).date()
        return date.fromisoformat(text[:10])
    except ValueError as error:
        raise Unreadable(
            node.line, _("“%(text)s” is no date of %(name)s.") % {"text": clean(text, 40), "name": node.name}
        ) from error
