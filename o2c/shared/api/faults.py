"""What nobody anticipated: a fault on our side, told as a problem to programs and as a page to people."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import Resolver404, resolve
from django.utils.encoding import iri_to_uri
from django.utils.translation import gettext as _
from rest_framework import permissions
from rest_framework.request import Request
from rest_framework.response import Response

from o2c.shared.audit import request_facts
from o2c.shared.errors import server_error as server_error_page
from o2c.shared.problems import NotFound

from .problems import PROBLEM_TYPE
from .views import Edge

API_PREFIX = "/api/"


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 with the reference under which the fault is logged."""
    if not request.path.startswith(API_PREFIX):
        return server_error_page(request)
    reference = request_facts.get().request_id
    body = {
        "type": "urn:o2c:problem:server_error",
        "title": "Internal Server Error",
        "status": 500,
        "detail": _("Something broke on our side. Reference %(reference)s.") % {"reference": reference},
        "code": "server_error",
        "errors": {},
    }
    return JsonResponse(body, status=500, content_type=PROBLEM_TYPE)


class SameAddress(HttpResponseRedirect):
    """308: go there with the same method and body."""

    status_code = 308


class NothingHere(Edge):
    """Every address of the API that does not exist; one that only lacks its last slash is sent on."""

    permission_classes = [permissions.AllowAny]
    schema = None  # type: ignore[assignment]

    def dispatch(self, request: Request, *args: object, **kwargs: object) -> Response:  # type: ignore[override]
        """Answer 404 to any method, or say where the address continues."""
        if closed := _closed_address(request):
            return SameAddress(closed)  # type: ignore[return-value]
        self.http_method_not_allowed = self._nothing  # type: ignore[method-assign]
        return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]

    def _nothing(self, request: Request, *args: object, **kwargs: object) -> Response:
        raise NotFound


def _closed_address(request: Request) -> str | None:
    """The address with its last slash, where that leads somewhere; a body must survive the way there."""
    if request.path.endswith("/"):
        return None
    try:
        found = resolve(f"{request.path}/")
    except Resolver404:
        return None
    if getattr(found.func, "cls", getattr(found.func, "view_class", None)) is NothingHere:
        return None
    query = request.META.get("QUERY_STRING", "")
    return f"{iri_to_uri(request.path)}/" + (f"?{query}" if query else "")
