"""Calling an address: never into a private network, whatever its name says, never further, never for long."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import pytest

from o2c.hooks.policy import TargetRefused
from o2c.hooks.services import calling

from .conftest import Receiver


def leads_to(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Make every name lead where it is told, one answer after another; the names asked for."""
    asked: list[str] = []
    left, real = list(answers), socket.getaddrinfo

    def look_up(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        if host.replace(".", "").isdecimal():
            return list(real(host, port, *args, **kwargs))
        asked.append(host)
        found = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://localhost/", "http://[::1]/", "http://0.0.0.0:80/"]
)
def test_this_machine_is_refused_when_it_is_saved(url: str):
    with pytest.raises(TargetRefused):
        calling.check_url(url)


def test_a_name_that_leads_into_a_private_network_is_refused(monkeypatch: pytest.MonkeyPatch):
    leads_to(monkeypatch, ["10.0.0.7"])
    with pytest.raises(TargetRefused):
        calling.check_url("https://intranet.example.com/")


def test_one_private_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch):
    leads_to(monkeypatch, ["93.184.215.14", "169.254.169.254"])
    with pytest.raises(TargetRefused):
        calling.check_url("https://twofaced.example.com/")


def test_a_name_that_leads_elsewhere_later_is_refused_when_it_is_sent(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver
):
    url = receiver.url.replace("127.0.0.1", "rebound.example.com")
    leads_to(monkeypatch, ["93.184.215.14"], ["127.0.0.1"])
    calling.check_url(url)

    answer = calling.post(url, b"{}", {})

    assert (answer.status, answer.error) == (None, "refused: target_refused")
    assert receiver.got == []


@pytest.mark.usefixtures("loopback_allowed")
def test_the_checked_address_is_called_and_the_name_is_asked_once(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver
):
    port = receiver.url.split(":")[2].split("/")[0]
    asked = leads_to(monkeypatch, ["127.0.0.1"], ["10.9.9.9"])

    answer = calling.post(f"http://erp.example.com:{port}/in", b"{}", {"X-A": "b"})

    assert answer.is_good
    assert asked == ["erp.example.com"]
    headers, body = receiver.got[0]
    assert (headers["Host"], headers["X-A"], body) == (f"erp.example.com:{port}", "b", b"{}")


@pytest.mark.usefixtures("loopback_allowed")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_no_and_is_not_followed(receiver: Receiver, status: int):
    receiver.answers, receiver.headers = [status], {"Location": receiver.url}

    answer = calling.post(receiver.url, b"{}", {})

    assert (answer.status, answer.is_good, len(receiver.got)) == (status, False, 1)


@pytest.mark.usefixtures("loopback_allowed")
def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch, receiver: Receiver):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    assert calling.post(receiver.url, b"{}", {}).is_good


@pytest.mark.usefixtures("loopback_allowed")
def test_nobody_there_is_an_answer_too():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    answer = calling.post(f"http://127.0.0.1:{port}/", b"{}", {})
    assert answer.status is None
    assert "refused" in answer.error.lower()


@pytest.mark.usefixtures("loopback_allowed")
def test_an_answer_that_drips_is_cut_off(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(calling, "PATIENCE", 1.0)
    monkeypatch.setattr(calling, "WHOLE_CALL", 1.0)
    server = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        made, _address = server.accept()
        try:
            made.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
            for _ in range(100):
                made.sendall(b"a")
                time.sleep(0.1)
        except OSError:
            return

    threading.Thread(target=drip, daemon=True).start()
    began = time.monotonic()
    answer = calling.post(f"http://127.0.0.1:{server.getsockname()[1]}/", b"{}", {})
    server.close()

    assert answer.status is None
    assert time.monotonic() - began < 4
