"""The words of a paper that somebody uploaded, each with its place; hostile files are refused, nothing is kept."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.utils.translation import gettext_lazy as _

from o2c.shared.problems import RuleRefused

from .extract import SECONDS

LARGEST: Final = 10 * 1024 * 1024
# Longer than its processor time: a process that waits for nothing ends by itself.
_PATIENCE: Final = SECONDS + 10
_FEWEST_LETTERS: Final = 40


@dataclass(frozen=True)
class Passage:
    """Words that stand together.

    :ivar place: ``page`` of a PDF; ``header``, ``footer`` or ``part`` of a DOCX
    """

    place: str
    number: int
    text: str


class UnreadablePaper(RuleRefused):
    code = "unreadable"
    message = _(
        "This is neither a PDF nor a DOCX file that can be read: export it again from where it was written."
    )


class PaperTooLarge(RuleRefused):
    code = "too_large"
    message = _("This file is larger than 10 MB.")


class PaperTooLong(RuleRefused):
    code = "too_long"
    message = _("This file has more pages or words than any such paper: at most 60 pages.")


class EncryptedPaper(RuleRefused):
    code = "encrypted"
    message = _("This file is locked by a password: upload it without one.")


class NoWords(RuleRefused):
    code = "no_text"
    message = _("This file holds no words, only pictures: upload the one it was printed or scanned from.")


_REFUSALS: Final = {"encrypted": EncryptedPaper, "long": PaperTooLong}


def read(content: bytes) -> Sequence[Passage]:
    """Return the words of a PDF or DOCX file.

    :raises PaperTooLarge, PaperTooLong, EncryptedPaper, NoWords, UnreadablePaper:
    """
    if len(content) > LARGEST:
        raise PaperTooLarge
    script = Path(__file__).with_name("extract.py")
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(script)],
            input=content,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
        answer = json.loads(done.stdout) if done.returncode == 0 else {"refused": "unreadable"}
    except (subprocess.TimeoutExpired, ValueError) as error:
        raise UnreadablePaper from error
    if "refused" in answer:
        raise _REFUSALS.get(answer["refused"], UnreadablePaper)
    found = [Passage(str(row[0]), int(row[1]), str(row[2])) for row in answer["passages"]]
    if sum(letter.isalpha() for each in found for letter in each.text) < _FEWEST_LETTERS:
        raise NoWords
    return found
