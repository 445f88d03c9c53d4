"""Calling an address that somebody typed: only where it may lead, never further, and never for long."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from o2c.hooks.policy import Network, Target, TargetRefused, is_public, target_of

# Seconds to connect and to wait for bytes, and for the whole call: an answer that drips is cut off.
PATIENCE: Final = 5.0
WHOLE_CALL: Final = 15.0


@dataclass(frozen=True)
class Answer:
    """What came back: a status, or why there is none."""

    status: int | None
    error: str = ""

    @property
    def is_good(self) -> bool:
        """Whether the receiver took it. A redirect is no: it is never followed."""
        return self.status is not None and 200 <= self.status < 300


def check_url(url: str) -> Target:
    """Refuse an address that may not be called, by its form or by where its name leads today.

    :raises TargetRefused: says why
    """
    target = target_of(url)
    try:
        _addresses(target)
    except OSError as error:
        raise TargetRefused(_("This name leads nowhere.")) from error
    return target


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Send a body to an address and return what came back; never raises for what the other side does.

    The name is looked up once, each address it leads to is checked, and exactly the checked one is called, so that
    a name that leads elsewhere a moment later gains nothing. No redirect is followed, no proxy is used.
    """
    try:
        target = target_of(url)
        address = _addresses(target)[0]
    except TargetRefused as refusal:
        return Answer(None, f"refused: {refusal.code}")
    except OSError as error:
        return Answer(None, f"no address: {error}"[:300])
    connection = _Pinned(target, address)
    guard = threading.Timer(WHOLE_CALL, connection.cut)
    guard.daemon = True
    guard.start()
    try:
        connection.request("POST", target.path, body=body, headers={"Host": target.authority, **headers})
        status = connection.getresponse().status
        # Cut off, what had come of the answer reads like a whole one.
        return Answer(None, "took too long") if connection.is_cut else Answer(status)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Answer(None, f"{type(error).__name__}: {error}"[:300])
    finally:
        guard.cancel()
        connection.close()


def _addresses(target: Target) -> list[str]:
    """Where a name leads, each one checked.

    :raises TargetRefused: one of them is private, loopback or otherwise not of the public Internet
    :raises OSError: it leads nowhere
    """
    found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    addresses = [str(each[4][0]) for each in found]
    allowed = _allowed()
    if not addresses or not all(is_public(address, allowed) for address in addresses):
        raise TargetRefused(_("This address leads into a private network, which the portal does not call."))
    return addresses


def _allowed() -> list[Network]:
    return [ip_network(text) for text in settings.WEBHOOK_PRIVATE_NETWORKS]


class _Pinned(http.client.HTTPConnection):
    """A connection to one checked IP address; the name serves the header and the certificate alone."""

    def __init__(self, target: Target, address: str) -> None:
        super().__init__(target.host, target.port, timeout=PATIENCE)
        self._target, self._address = target, address
        self.is_cut = False

    def connect(self) -> None:
        """Connect to the checked address; the certificate must be that of the name."""
        made: Any = socket.create_connection((self._address, self._target.port), timeout=PATIENCE)
        self.sock = made
        if self._target.scheme == "https":
            # The handshake comes after ``sock`` is known, so that it can be cut off too.
            self.sock = ssl.create_default_context().wrap_socket(
                made, server_hostname=self._target.host, do_handshake_on_connect=False
            )
            self.sock.do_handshake()
        if self.is_cut:
            raise TimeoutError("took too long")

    def cut(self) -> None:
        """End the call from outside: whatever it waits for fails."""
        self.is_cut = True
        if self.sock is not None:
            try:
                self.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return
