"""What a request knows of its user: company at work, language, and the facts the journal keeps."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import translation

from o2c.shared.audit import RequestFacts, request_facts

from .models import Company, User

SESSION_COMPANY = "company"


class CurrentUser:
    """Set ``request.company`` and the user's language; note request id and address for the journal."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Handle one request."""
        facts = RequestFacts(request_id=uuid.uuid4().hex, ip=request.META.get("REMOTE_ADDR") or None)
        token = request_facts.set(facts)
        try:
            user = request.user
            if isinstance(user, User):
                request.company = chosen_company(user, request.session.get(SESSION_COMPANY))  # type: ignore[attr-defined]
                if user.language and user.language != translation.get_language():
                    translation.activate(user.language)
                    request.LANGUAGE_CODE = user.language
            return self.get_response(request)
        finally:
            request_facts.reset(token)


def chosen_company(user: User, code: str | None) -> Company | None:
    """The company a user works in: the one chosen if allowed, else the home company, else the first allowed."""
    allowed = user.company_ids()
    companies = Company.objects.all() if allowed is None else Company.objects.filter(pk__in=allowed)
    if code:
        found = companies.filter(code=code).first()
        if found is not None:
            return found
    if user.home_company_id is not None:
        return user.home_company
    return companies.order_by("pk").first()
