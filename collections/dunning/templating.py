"""Texts of letters with placeholders such as ``$client``: words are put in, nothing is ever run."""

from __future__ import annotations

from collections.abc import Mapping
from string import Template
from typing import Final

from django.utils.translation import gettext_lazy as _

# What a text may name, in words for whoever writes it.
PLACEHOLDERS: Final = {
    "client": _("name of the client"),
    "code": _("code of the client"),
    "company": _("name of our company"),
    "total": _("what is asked for"),
    "count": _("number of documents"),
    "oldest": _("days since the oldest due date"),
    "today": _("date of the letter"),
    "deadline": _("last day of the delay of a formal notice"),
    "days": _("days of the delay of a formal notice"),
    "penalties": _("interest and indemnities to date, in words"),
    "link": _("address of the client's own page"),
    "contact": _("name of the person it is sent to"),
    "signed": _("who stands behind the step"),
}


def unknown(text: str) -> list[str]:
    """Return what a text names that there is not; a lone ``$`` is one of them."""
    template = Template(text)
    if not template.is_valid():
        return ["$"]
    return [name for name in template.get_identifiers() if name not in PLACEHOLDERS]


def filled(text: str, values: Mapping[str, str]) -> str:
    """Put words in the place of placeholders; one that is not known stays as it is written."""
    return Template(text).safe_substitute(values)
