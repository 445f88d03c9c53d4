"""Pages that a link opens without sign-in: the token is looked at, every use and every refusal stands in the journal.

A view is written as ``@by_link(ClientLink) def page(request, link): …`` under an address with ``<str:token>``. Whatever
is wrong with a link, its page says the same: it reveals nothing, not even that there was one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import wraps
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import render
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt

from .audit import request_facts
from .links import LinkRefused, SecureLink, Why, acting_through, open_link, record, within

# Pages of one link, and refusals to one address: above these nothing is answered for the rest of the time.
PAGES: Final = {"most": 120, "seconds": 600}
ACTS: Final = {"most": 20, "seconds": 3600}
REFUSALS: Final = {"most": 30, "seconds": 600}
LANGUAGES: Final = ("fr", "en")

View = Callable[..., HttpResponseBase]


def by_link(model: type[SecureLink], methods: Sequence[str] = ("GET", "HEAD")) -> Callable[[View], View]:
    """Open a view to whoever holds a link of a model; the view gets the link in place of the token.

    No cookie is asked for: nobody who does not hold the link can make a browser send its address, so that the token
    of forms would prove nothing more (and without a referrer its check would refuse everybody).
    """

    def decorate(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def opened(request: HttpRequest, token: str, **which: Any) -> HttpResponseBase:
            at = timezone.now()
            link: SecureLink | None = None
            try:
                link = open_link(model, token, at=at)
                if request.method not in methods:
                    return _sealed(HttpResponseNotAllowed(methods))
                _count(link, request)
                language = _language(request, link)
                with translation.override(language), acting_through(link):
                    answer = view(request, link, token=token, **which)
                answer.headers["Content-Language"] = language
            except LinkRefused as refusal:
                answer = _refused(request, model, refusal, link, at)
            return _sealed(answer)

        return opened

    return decorate


def _count(link: SecureLink, request: HttpRequest) -> None:
    """:raises LinkRefused: it is used too often"""
    name, limit = ("acts", ACTS) if request.method == "POST" else ("pages", PAGES)
    if not within(f"{name}:{link}", **limit):
        raise LinkRefused(Why.TOO_OFTEN, link)


def _language(request: HttpRequest, link: SecureLink) -> str:
    asked = request.GET.get("lang", "")
    return asked if asked in LANGUAGES else link.spoken


def _refused(
    request: HttpRequest,
    model: type[SecureLink],
    refusal: LinkRefused,
    link: SecureLink | None,
    at: datetime,
) -> HttpResponse:
    """Note it and say no. The journal of one address stops at the first refusal too many, which says so."""
    known = refusal.link or link
    address = request_facts.get().ip or ""
    too_often = refusal.why == Why.TOO_OFTEN
    if too_often or not within(f"refused:{address}", **REFUSALS):
        name = str(known) if too_often else address
        if within(f"told:{name}", most=1, seconds=REFUSALS["seconds"]):
            record(known or model(), "refused", at=at, why=Why.TOO_OFTEN.value)
        return render(request, "links/refused.html", {"too_often": True}, status=429)
    record(known or model(), "refused", at=at, why=refusal.why.value)
    return render(request, "links/refused.html", status=404)


def _sealed(answer: HttpResponseBase) -> HttpResponseBase:
    """The answer as it may leave: kept by nobody, found by nobody, its address told to nobody."""
    answer.headers["Cache-Control"] = "no-store, private"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return answer
