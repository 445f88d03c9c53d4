"""Which format a file has, and the one door to the readers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from django.utils.translation import gettext as _

from invoicing.enums import StatementFormat

from . import camt053, cfonb120, mt940
from .records import LARGEST_FILE, Statement, TooLarge, Unreadable, check_totals

_READERS: Final[dict[str, Callable[[bytes], list[Statement]]]] = {
    StatementFormat.CFONB120: cfonb120.read,
    StatementFormat.CAMT053: camt053.read,
    StatementFormat.MT940: mt940.read,
}
_HEAD: Final = 4096
_OTHER_FILES: Final = (
    (b"PK\x03\x04", "ZIP, XLSX"),
    (b"%PDF", "PDF"),
    (b"\xd0\xcf\x11\xe0", "XLS"),
    (b"\x1f\x8b", "GZIP"),
)


def guess_format(content: bytes) -> StatementFormat:
    """The format of a file by its first bytes.

    :raises Unreadable: none that is read here
    """
    head = content[:_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head:
        raise Unreadable(1, _("the file is empty."))
    for start, name in _OTHER_FILES:
        if head.startswith(start):
            raise Unreadable(
                1,
                _("this is a %(name)s file. Ask the bank for the statement as CFONB 120, CAMT.053 or MT940.")
                % {"name": name},
            )
    if head.startswith((b"\xff\xfe<", b"\xfe\xff\0<", b"<")):
        return StatementFormat.CAMT053
    if re.match(rb"0[1457][0-9A-Za-z ]", head):
        return StatementFormat.CFONB120
    if head.startswith((b"{1:", b":940:", b":20:")) or re.search(rb"(?m)^:(20|25|60[FM]):", head):
        return StatementFormat.MT940
    if b"\0" in head:
        raise Unreadable(
            1, _("this file is not in the encoding of a bank (UTF-16?): fetch it again, unchanged.")
        )
    raise Unreadable(1, _("this is no bank statement that can be read: CFONB 120, CAMT.053 and MT940 are."))


def read_statements(content: bytes, format: str = "") -> tuple[StatementFormat, list[Statement]]:
    """Read the statements of a file, each of which ties.

    :param format: a ``StatementFormat``; told from the file when left out
    :raises TooLarge: beyond ``LARGEST_FILE``
    :raises Unreadable: naming the line and what is wrong with it
    :raises TotalsDoNotTie: a statement whose movements do not lead from its old balance to its new one
    """
    if len(content) > LARGEST_FILE:
        raise TooLarge
    chosen = StatementFormat(format) if format else guess_format(content)
    found = _READERS[chosen](content)
    check_totals(found)
    return chosen, found
