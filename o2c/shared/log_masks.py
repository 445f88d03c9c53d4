"""What a log must not hold: the address of a page that opens without an account is its key."""

from __future__ import annotations

import logging
import re
from typing import Final

_KEYS: Final = re.compile(r"/(link|case)/[\w.~%-]{8,}")


class MaskKeys(logging.Filter):
    """Write ``/link/…`` for the address of such a page, in every line of the log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the line pass without the key."""
        said = record.getMessage()
        if _KEYS.search(said):
            record.msg, record.args = _KEYS.sub(r"/\1/…", said), None
        return True
