"""``docs/access.md``, written from the access table: ``.venv/bin/python -m tests.access.document``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from .expected import API, API_PREFIX, EVERY_COMPANY, HOLDERS, OWN_PORTFOLIO, PAGES, ROLES, Entry

PLACE = Path(__file__).resolve().parents[2] / "docs" / "access.md"

_HEAD = f"""# Who may open what

Written from `tests/access/expected.py` by `python -m tests.access.document`; a test fails when it is stale, and
another one sends each request below as every role, about an own client's thing, another rep's, another company's.

A person acts with a *role* held in a company, and sees the clients of that company;
{" and ".join(sorted(OWN_PORTFOLIO))} see those of the own portfolio alone,
{", ".join(EVERY_COMPANY)} those of every company.
What lies outside does not exist: 404. Without the permission: 403, with the lowest role that holds it. Some acts also
ask for authority by amount and for four eyes (marked *by authority*).
"""


def written() -> str:
    """The whole document."""
    return "\n".join([_HEAD, *_matrix(), *_table("Pages", PAGES, "/"), *_table("API", API, f"/{API_PREFIX}")])


def _matrix() -> Iterator[str]:
    yield "## Permissions\n"
    yield "| Permission | Held by |"
    yield "|---|---|"
    for permission, roles in HOLDERS.items():
        held = (
            "every role" if set(roles) == set(ROLES) else ", ".join(role for role in ROLES if role in roles)
        )
        yield f"| `{permission}` | {held} |"
    yield ""


def _table(title: str, entries: Mapping[str, Entry], prefix: str) -> Iterator[str]:
    yield f"## {title}\n"
    yield "| Address | GET | POST | PUT, PATCH, DELETE | |"
    yield "|---|---|---|---|---|"
    for address, entry in entries.items():
        rare = [
            f"{m.upper()} {entry.permission(m)}" for m in ("put", "patch", "delete") if entry.permission(m)
        ]
        note = "by authority" if entry.by_authority else ""
        yield f"| `{prefix}{address}` | {entry.get} | {entry.post} | {', '.join(rare)} | {note} |"
    yield ""


if __name__ == "__main__":
    PLACE.write_text(written())
