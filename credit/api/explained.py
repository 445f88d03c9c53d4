"""Findings as the API explains them: the article of the policy each belongs to, by when, and what can be done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from credit.advice import ANSWER_HOURS, Answer
from credit.written.queries import Quote


def article_answer(quote: Quote | None) -> dict[str, Any] | None:
    """An article as it is quoted; None of a finding that names none the version has.

    ``version`` is the number of the company's policy, null while the text offered to begin with is quoted.
    """
    if quote is None:
        return None
    return {"number": quote.number, "title": quote.title, "why": quote.why, "version": quote.version}


def explained(answer: Mapping[str, Any], quotes: Mapping[str, Quote]) -> dict[str, Any]:
    """An answer of the check with its articles, and of one that holds by when and what can be done now."""
    said = Answer(answer)
    return {
        **answer,
        "findings": [
            {**found, "article": article_answer(quotes.get(found["policy_article"]))}
            for found in answer["findings"]
        ],
        "answer_hours": ANSWER_HOURS if said.holding else None,
        "ways": [{"title": way.title, "detail": way.detail} for way in said.ways()],
    }
