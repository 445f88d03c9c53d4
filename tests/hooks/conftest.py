"""A receiver that really listens, and the people who may point the portal at it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from accounts.models import Company, User
from tests.factories.accounts import CompanyFactory, make_user


@dataclass
class Receiver:
    """A web server on this machine; ``answers`` are the statuses it gives, the last one for ever."""

    url: str = ""
    answers: list[int] = field(default_factory=lambda: [200])
    headers: dict[str, str] = field(default_factory=dict)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def next_answer(self) -> int:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A server on a free port of the loopback address."""
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kept.got.append((dict(self.headers), body))
            self.send_response(kept.next_answer())
            for name, value in kept.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_port}/hooks?key=1"
    yield kept
    server.shutdown()
    server.server_close()


@pytest.fixture
def loopback_allowed(settings: Any) -> None:
    settings.WEBHOOK_PRIVATE_NETWORKS = ("127.0.0.0/8",)


@pytest.fixture
def company(db: None) -> Company:
    return CompanyFactory(code="HERE")


@pytest.fixture
def admin(company: Company) -> User:
    return make_user("administrator", company, "admin")


@pytest.fixture
def accountant(company: Company) -> User:
    return make_user("receivables_accountant", company, "accountant")
