"""The text a company starts its written policy from: ``default.fr.toml`` and ``default.en.toml`` beside this file."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from .policy import LANGUAGES, ArticleText

_HERE = Path(__file__).parent


@cache
def default_articles() -> tuple[ArticleText, ...]:
    """Every article of the default text, in its order, in both languages."""
    by_language = {code: _read(code) for code in LANGUAGES}
    return tuple(
        ArticleText(
            number=number,
            setting=row.get("setting", ""),
            titles={code: rows[number]["title"] for code, rows in by_language.items()},
            texts={code: _flowing(rows[number]["text"]) for code, rows in by_language.items()},
            whys={code: _flowing(rows[number]["why"]) for code, rows in by_language.items()},
        )
        for number, row in by_language[LANGUAGES[0]].items()
    )


def _read(language: str) -> dict[str, dict[str, Any]]:
    stored = tomllib.loads((_HERE / f"default.{language}.toml").read_text(encoding="utf-8"))
    return {row["number"]: row for row in stored["article"]}


def _flowing(text: str) -> str:
    """Paragraphs without the line breaks of the file; hard spaces stay."""
    return "\n\n".join(re.sub(r"[ \n]+", " ", part.strip(" \n")) for part in text.split("\n\n"))
