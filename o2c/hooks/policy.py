"""Rules of deliveries over plain values: which addresses may be called, when to try again, how a body is signed."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from o2c.shared.problems import RuleRefused

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LONGEST_URL: Final = 500
# How long a delivery is tried again, and the longest pause between two tries.
GIVE_UP_AFTER: Final = timedelta(hours=24)
FIRST_PAUSE: Final = timedelta(seconds=30)
LONGEST_PAUSE: Final = timedelta(hours=4)
# Prefixes of IPv6 addresses that carry an IPv4 address in their last 32 bits (RFC 6052, RFC 4291).
_CARRIERS: Final = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))


class TargetRefused(RuleRefused):
    code = "target_refused"
    message = _("This address may not be called.")


@dataclass(frozen=True)
class Target:
    """Where a delivery goes, as its address says."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Host and port as the ``Host`` header names them."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == (443 if self.scheme == "https" else 80) else f"{name}:{self.port}"


def target_of(url: str) -> Target:
    """Read the address of a subscription.

    :raises TargetRefused: not ``http`` or ``https``, no host, a user name, a fragment, or signs no address holds
    """
    if len(url) > LONGEST_URL or not url.isascii() or any(sign <= " " or sign in "\\<>\"'" for sign in url):
        raise TargetRefused(_("Write a whole address such as https://erp.example.com/hooks."))
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise TargetRefused(_("Write a whole address such as https://erp.example.com/hooks.")) from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise TargetRefused(_("Write a whole address such as https://erp.example.com/hooks."))
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise TargetRefused(_("The address must hold neither user name nor password nor fragment."))
    path = parts.path or "/"
    return Target(
        parts.scheme,
        parts.hostname,
        port or (443 if parts.scheme == "https" else 80),
        f"{path}?{parts.query}" if parts.query else path,
    )


def is_public(address: str, allowed: Sequence[Network] = ()) -> bool:
    """Tell whether an IP address may be called: one of the public Internet, or of a network that is allowed.

    Also looks through IPv6 addresses that carry an IPv4 address.
    """
    found = ip_address(address.partition("%")[0])
    inner = _carried(found)
    if any(each in network for each in (found, inner) if each for network in allowed):
        return True
    return all(
        each.is_global and not each.is_multicast and not each.is_reserved for each in (found, inner) if each
    )


def _carried(address: Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in _CARRIERS):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def next_try(written: datetime, attempts: int, now: datetime) -> datetime | None:
    """Return when a delivery that failed so many times is tried again; None once a day has passed since it was written.

    The pauses double, from half a minute up to four hours.
    """
    at = now + min(FIRST_PAUSE * 2 ** min(attempts - 1, 20), LONGEST_PAUSE)
    return at if at <= written + GIVE_UP_AFTER else None


def signature(secret: str, body: bytes) -> str:
    """Return the HMAC-SHA256 of a body, in hexadecimal."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
