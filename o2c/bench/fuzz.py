"""``fuzz``: a hundred requests per round, as anybody, of any shape, on every address; nothing may break.

Seeded, so that a run can be repeated. They are sent in this process; every fiftieth is sent four times at once.
Beside them works a worker, as in the portal: what is asked of it is part of what may not break.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.parse import quote, urlencode

from django.contrib.admindocs.views import simplify_regex
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connections
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from rest_framework.authtoken.models import Token

from accounts.models import CustomerAccount, User
from credit.models import LimitRequest
from invoicing.enums import Origin
from invoicing.models import Allocation, Invoice, Payment, ReceivableItem
from o2c.demo.people import PEOPLE
from o2c.demo.services import demo_exists, make_demo
from orders.models import HoldCase, Order

from .session import Session
from .workers import Workers

SEED: Final = 20
REQUESTS_PER_ROUND: Final = 100
_METHODS: Final = ("GET", "GET", "GET", "POST", "POST", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS")
# Written afresh at every request, for seconds: once in a while is enough.
_HEAVY: Final = {"api/v1/schema/", "api/v1/docs/"}
_SHOWN: Final = 20

_WORDS: Final = (
    "", " ", "x", "é", "0", "1", "-1", "1e9", "NaN", "Infinity", "null", "true", "C0001", "DEMO", "EUR", "NET30",
    "2026-11-01", "0001-01-01", "9999-12-31", "2026-02-30", "' OR 1=1 --", "<script>alert(1)</script>", "{{7*7}}",
    "../../etc/passwd", "%00", "\u202e", "👍" * 40, "\ud800", "9" * 400, "a" * 9000, "1,5", "12.345", "0x10",
)  # fmt: skip
_NAMES: Final = (
    "account", "acknowledge", "action", "address", "amount", "as_of", "async", "atomic", "buckets", "by", "client",
    "code", "comment", "company", "contacts", "country", "currency", "customer_reference", "date", "description",
    "due_date", "external_id", "form-0-quantity", "form-TOTAL_FORMS", "format", "from_item", "ids", "instalments",
    "issue_date", "item", "items", "kind", "language", "level", "lines", "match", "method", "name", "number", "open",
    "order", "order_date", "ordering", "origin", "overdue", "page", "page_size", "password", "q", "quantity",
    "reason", "reference", "review_on", "search", "siren", "sku", "sort", "status", "submit", "term", "to_item",
    "total_incl_vat", "unit_price", "username", "valid_from", "valid_until", "vat_rate", "version",
)  # fmt: skip
_RAW: Final = (
    b"", b"{", b"[]", b"null", b'"', b"\xff\xfe\x00", b"[" * 20_000, b'{"a":' * 5_000, b'{"amount": NaN}',
    b'{"amount": 1e999999}', b"a=1&a=2", b"\x1f\x8b\x08", "é".encode("latin-1"), b"--x\r\n", b"0" * 100_000,
)  # fmt: skip
_TYPES: Final = (
    "application/json", "application/json", "application/json", "application/x-www-form-urlencoded", "text/plain",
    "multipart/form-data; boundary=x", "multipart/form-data", "application/json; charset=utf-16", "", "é",
)  # fmt: skip
# What a request needs to be taken, so that some are.
_EXPECTED: Final = {
    "api/v1/accounts/": "code name currency term country",
    "api/v1/accounts/<code>/block/": "reason review_on",
    "api/v1/accounts/<code>/credit-check/": "amount",
    "api/v1/allocations/": "from_item to_item amount",
    "api/v1/invoices/": "number account issue_date due_date currency total_incl_vat origin",
    "api/v1/invoices/<number>/credit/": "amount reason",
    "api/v1/limit-requests/": "account amount currency reason valid_until submit",
    "api/v1/orders/": "number account currency lines submit",
    "api/v1/orders/<number>/cancel/": "reason",
    "api/v1/orders/<number>/hold/": "comment",
    "api/v1/orders/<number>/release/": "comment",
    "api/v1/payments/": "external_id account date amount currency reference",
}


_READER: Final = "accountant"


@dataclass(frozen=True)
class Sent:
    """One request as it can be sent again."""

    who: str
    method: str
    address: str
    path: str
    body: bytes
    content_type: str
    headers: Mapping[str, str]


@dataclass
class Tally:
    """What came of them."""

    by_status: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest: float = 0.0
    slowest_path: str = ""
    memory: list[float] = field(default_factory=list)

    def note(self, sent: Sent, status: int, seconds: float) -> None:
        """Count one answer."""
        self.by_status[status] += 1
        # A busy machine may answer that it is not ready: that is what this address is for.
        if status >= 500 and not (status == 503 and sent.path.startswith("/health/ready")):
            self.faults.append(f"{status} {sent.method} {sent.path} as {sent.who}: {sent.body[:300]!r}")
        if seconds > self.slowest:
            self.slowest, self.slowest_path = seconds, f"{sent.method} {sent.path}"[:100]


class Fuzzer:
    """Makes requests from a seed: addresses of the portal, keys of the demonstration company, anything else."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.closed: set[tuple[str, str]] = set()
        self._addresses = sorted(set(addresses(get_resolver().url_patterns)))
        self._keys = known_keys()
        self._people = [person.username for person in PEOPLE] + [""]

    def one(self) -> Sent:
        """The next request."""
        pick = self._random
        address = pick.choice(self._addresses)
        if address in _HEAVY and pick.random() > 0.05:
            address = "api/v1/accounts/"
        body, content_type = self._body(address)
        headers = {"Idempotency-Key": pick.choice(_WORDS[:12])} if pick.random() < 0.05 else {}
        if pick.random() < 0.1:
            headers["Accept"] = pick.choice(("text/html", "application/xml", "*/*", "x", ""))
        if pick.random() < 0.2:
            headers["HX-Request"] = "true"
        method = pick.choice(_METHODS)
        for _again in range(5):
            # Most refusals of a method are seen once and not asked for again.
            if (address, method) in self.closed and pick.random() < 0.9:
                method = pick.choice(_METHODS)
        return Sent(
            who=pick.choice(self._people),
            method=method,
            address=address,
            path="/" + re.sub(r"<(\w+)>", self._placeholder, address) + self._query(),
            body=b"" if method in {"GET", "HEAD"} else body,
            content_type=content_type,
            headers=headers,
        )

    def _placeholder(self, match: re.Match[str]) -> str:
        if self._random.random() < 0.1:
            return quote(self._random.choice(_WORDS).encode("utf-8", "surrogatepass")[:300]) or "x"
        return quote(str(self._random.choice(self._keys.get(match[1]) or self._keys["pk"])))

    def _query(self) -> str:
        if self._random.random() < 0.5:
            return ""
        pairs = [(self._random.choice(_NAMES), self._plain()) for _each in range(self._random.randint(1, 3))]
        return "?" + urlencode(pairs, errors="surrogatepass")

    def _body(self, address: str) -> tuple[bytes, str]:
        chance = self._random.random()
        if (expected := _EXPECTED.get(address)) and chance < 0.6:
            body = {name: self._field(name, 3) for name in expected.split()}
            for _each in range(self._random.randint(0, 2)):
                body[self._random.choice(_NAMES)] = self._value(1)
            return json.dumps(body).encode(), "application/json"
        if chance < 0.15:
            return self._random.choice(_RAW), self._random.choice(_TYPES)
        if chance < 0.45:
            pairs = [
                (self._random.choice(_NAMES), self._plain()) for _each in range(self._random.randint(0, 8))
            ]
            return urlencode(pairs, errors="surrogatepass").encode(), "application/x-www-form-urlencoded"
        text = json.dumps(self._value(0, whole=True))
        if self._random.random() < 0.03:
            text = text.replace("{", '{"amount": "1", "amount": "2", ', 1)  # the same key twice
        return text.encode(), "application/json"

    def _plain(self) -> str:
        keys = self._keys[self._random.choice(sorted(self._keys))]
        return str(self._random.choice(keys) if self._random.random() < 0.4 else self._random.choice(_WORDS))

    def _value(self, depth: int, *, whole: bool = False) -> Any:
        pick = self._random
        if whole or (depth < 3 and pick.random() < 0.15):
            if pick.random() < 0.85:
                names = pick.sample(_NAMES, pick.randint(1, 12))
                return {name: self._field(name, depth) for name in names}
            return [self._value(depth + 1) for _each in range(pick.randint(0, 4))]
        return pick.choice((None, True, 0, -1, 2**70, 1.5, 1e300, self._plain(), self._plain(), [], {}))

    def _field(self, name: str, depth: int) -> Any:
        """Now and then what an address expects, so that requests get beyond the first check."""
        pick = self._random
        if depth < 3 and pick.random() < 0.35:
            return self._value(depth + 1)
        line = {"sku": "A1", "description": "x", "quantity": "1", "unit_price": "10", "line": 1}
        likely: dict[str, Callable[[], Any]] = {
            "account": lambda: pick.choice(self._keys["code"]),
            "amount": lambda: str(pick.choice((1, 100, "0.01", "99999999.99"))),
            "total_incl_vat": lambda: "12.00",
            "currency": lambda: "EUR",
            "lines": lambda: [line] * pick.randint(0, 3),
            "items": lambda: [{"item": pick.choice(self._keys["item"]), "amount": "1"}],
            "from_item": lambda: pick.choice(self._keys["item"]),
            "to_item": lambda: pick.choice(self._keys["item"]),
            "reason": lambda: "because",
            "comment": lambda: "because",
            "number": lambda: f"Z-{pick.randint(1, 300)}",
            "external_id": lambda: f"Z-{pick.randint(1, 300)}",
            "code": lambda: f"Z{pick.randint(1, 300)}",
            "submit": lambda: True,
            "origin": lambda: "imported",
            "term": lambda: "NET30",
            "reference": lambda: pick.choice(self._keys["number"]),
            "country": lambda: "DE",
            "name": lambda: "Zed",
        }
        dated = name.endswith("date") or name.startswith("valid") or name in {"as_of", "review_on"}
        return "2026-11-02" if dated else likely.get(name, self._plain)()


def addresses(patterns: Sequence[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    """Every address of the URL conf, its placeholders as ``<name>``."""
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        else:
            yield re.sub(r"<\w+:", "<", simplify_regex(route)).lstrip("/")


def known_keys() -> dict[str, list[Any]]:
    """Keys that are there, by the name of their placeholder, the youngest rows of each kind."""
    pages: dict[str, tuple[Any, str]] = {
        "code": (CustomerAccount, "code"),
        "account": (CustomerAccount, "pk"),
        "item": (ReceivableItem, "pk"),
        "keys": (Allocation, "pk"),
    }
    found = {
        name: list(model.objects.order_by("-pk").values_list(key, flat=True)[:50])
        for name, (model, key) in pages.items()
    }
    found["number"] = [
        number
        for model in (Order, Invoice)
        for number in model.objects.order_by("-pk").values_list("number", flat=True)[:50]
    ]
    found["pk"] = [
        key
        for model in (LimitRequest, Payment, HoldCase, ReceivableItem, Allocation)
        for key in model.objects.order_by("-pk").values_list("pk", flat=True)[:20]
    ]
    return {name: keys or [1] for name, keys in found.items()}


def run(session: Session) -> None:
    """Send the requests, print what they were answered, and prove the book."""
    if not demo_exists():
        make_demo(at=timezone.now())
    # Thousands of refusals are what this is about; a fault is still told.
    logging.getLogger("django.request").setLevel(logging.ERROR)
    with TemporaryDirectory() as folder:
        worker = Workers(Path(folder) / "worker.log")
        try:
            tally = send(session.rounds * REQUESTS_PER_ROUND, seed=SEED, at_once=4)
            fallen, (_now, peak) = not worker.alive, worker.memory()
        finally:
            worker.kill()
    rows = [[str(status), str(count)] for status, count in sorted(tally.by_status.items())]
    session.report.table("fuzz: answers by status", ["Status", "Requests"], rows)
    session.report.say(f"slowest: {tally.slowest:.2f} s, {tally.slowest_path}")
    session.report.say("memory, MB: " + " ".join(f"{each:.0f}" for each in tally.memory))
    for fault in tally.faults[:_SHOWN]:
        session.report.say(fault)
    session.report.judge("fuzz.faults", len(tally.faults))
    session.report.judge("fuzz.slowest", tally.slowest)
    session.report.judge("fuzz.worker", int(fallen))
    session.report.judge("fuzz.worker.memory", peak)
    session.report.judge("fuzz.memory", max(tally.memory) - tally.memory[0])
    call_command("verify_books")


def send(count: int, *, seed: int, at_once: int = 1) -> Tally:
    """Send so many requests.

    :param at_once: how often every fiftieth that writes is sent at the same time
    """
    fuzzer, tally = Fuzzer(Random(seed)), Tally()
    clients = {name: _client(name) for name in ["", *(person.username for person in PEOPLE)]}
    _warm_up(clients[_READER])
    for number in range(count):
        sent = fuzzer.one()
        if at_once > 1 and number % 50 == 0 and sent.method == "POST":
            with ThreadPoolExecutor(at_once) as pool:
                for status, seconds in pool.map(_alone, [sent] * at_once):
                    tally.note(sent, status, seconds)
        else:
            status, seconds = _send(clients[sent.who], sent)
            tally.note(sent, status, seconds)
            if sent.address == "logout/":
                clients[sent.who] = _client(sent.who)
            if status == 405:
                fuzzer.closed.add((sent.address, sent.method))
        if number % max(1, count // 10) == count // 10 - 1:
            # The first tenth warms everything up: its end is what the rest is measured from.
            tally.memory.append(_memory())
    tally.memory = tally.memory or [_memory()]
    return tally


def _warm_up(client: Client) -> None:
    """Load what a process loads once and keeps: the rule sets and fonts of documents, the schema of the API."""
    invoice = Invoice.objects.filter(origin=Origin.ISSUED).order_by("pk").first()
    for path in ("/api/v1/schema/", *([f"/api/v1/invoices/{invoice.number}/pdf/"] if invoice else [])):
        client.get(path)


def _client(username: str) -> Client:
    client = Client(raise_request_exception=False, headers={"host": "localhost"})
    if username:
        user = User.objects.get(username=username)
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        token, _created = Token.objects.get_or_create(user=user)
        client.defaults["HTTP_AUTHORIZATION"] = f"Token {token.key}"
    return client


def _alone(sent: Sent) -> tuple[int, float]:
    try:
        return _send(_client(sent.who), sent)
    finally:
        connections.close_all()


def _send(client: Client, sent: Sent) -> tuple[int, float]:
    began = time.perf_counter()
    if sent.path.startswith("/imports/new") and sent.method == "POST":
        file = SimpleUploadedFile("book.csv", sent.body)
        response = client.post(sent.path, {"file": file, "mapping": "ibm-ar"}, headers=dict(sent.headers))
    else:
        response = client.generic(
            sent.method, sent.path, sent.body, content_type=sent.content_type, headers=dict(sent.headers)
        )
    for _piece in getattr(response, "streaming_content", ()):
        pass
    return response.status_code, time.perf_counter() - began


def _memory() -> float:
    """What this process holds now, in MB."""
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in status if line.startswith("VmRSS:")).split()[1]) / 1024
