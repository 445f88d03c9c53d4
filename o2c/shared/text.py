"""Keys for finding and ordering names whatever their accents, case and punctuation."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Letters that Unicode does not take apart by itself.
_LETTERS: Final = str.maketrans(
    {"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)
_INITIALS: Final = re.compile(r"\b(?:[a-z]\.){2,}(?:[a-z]\b)?")
_OTHER: Final = re.compile(r"[\W_]+")


def search_key(text: str) -> str:
    """Return ``text`` in lower case without accents, ligatures and punctuation, words one blank apart.

    ``Cœur & Fils (S.A.R.L.)`` gives ``coeur fils sarl``; ``L'Œuvre–Été`` gives ``l oeuvre ete``.
    """
    folded = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
    bare = "".join(letter for letter in folded if not unicodedata.combining(letter))
    bare = _INITIALS.sub(lambda initials: initials[0].replace(".", ""), bare)
    return _OTHER.sub(" ", bare).strip()


def sort_key(text: str) -> tuple[str, str]:
    """Return a key that orders as a French dictionary does: letters first, accents only between equals."""
    return search_key(text), unicodedata.normalize("NFC", text.casefold())
