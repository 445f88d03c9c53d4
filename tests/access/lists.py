"""Which addresses show several rows of one kind, and which show one thing, a form or a file.

Together they are every address that can be read, so that ``./portal check`` names a new one until it stands in
``LISTS`` or in ``OTHERS``; ``test_list_queries.py`` then counts what each list asks the database. A page of one
client counts as a list: its panels hold rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.urls import URLPattern, URLResolver, get_resolver

from .addresses import readable

# What is asked beside what the access table asks, where a list shows nothing without it.
LISTS: Final[Mapping[str, Mapping[str, str]]] = {
    address: {}
    for address in (
        "", "search/", "journal/", "notifications/", "work/", "decisions/", "decisions/mine/", "substitutes/",
        "outbox/", "clients/", "clients/search/", "clients/<code>/", "clients/<code>/part/<name>/",
        "invoicing/insurance-claims/", "invoicing/insurance-claims/<key>/", "api/v1/insurance-claims/",
        "credit/factor/", "invoicing/factor/", "invoicing/factor/sold/", "invoicing/factor/to-pass-on/",
        "invoicing/factor/<key>/", "api/v1/factor-assignments/",
        "invoicing/recurring/", "api/v1/recurring-invoices/", "api/v1/interest-notes/",
        "clients/<code>/team/", "invoicing/rates/", "invoicing/interest/",
        "invoicing/interest/clients/<code>/",
        "credit/legal-notices/", "credit/notes/", "credit/policy/<number>/readers/",
        "credit/credit-alerts/", "credit/reviews/", "api/v1/credit-alerts/", "credit/insurance/", "credit/guarantees/",
        "credit/client-options/", "credit/clients/<code>/scorecard/", "api/v1/accounts/<code>/scorecard/",
         "credit/limit-requests/", "credit/limit-requests/<pk>/", "orders/",
        "orders/holds/", "orders/quotations/", "orders/of-client/<account>/", "orders/<number>/papers/",
        "orders/<number>/", "invoicing/", "invoicing/items/",
        "invoicing/payments/", "invoicing/payments/<key>/", "invoicing/payments/<key>/trace/",
        "invoicing/orders/<number>/deposits/", "api/v1/orders/<number>/deposit-request/",
        "invoicing/matching/", "invoicing/clients/<code>/panel/",
        "invoicing/periods/", "invoicing/<number>/", "invoicing/to-invoice/", "reports/aged-balance/",
        "reports/aged-balance/items/",
        "invoicing/bank/", "invoicing/bank/accounts/", "invoicing/bank/<key>/", "api/v1/statements/",
        "api/v1/statements/<pk>/lines/", "api/v1/bank-accounts/",
        "collections/promises/", "api/v1/promises/", "collections/plans/", "api/v1/payment-plans/",
        "collections/hand-overs/", "api/v1/hand-overs/",
        "collections/runs/", "collections/runs/<key>/", "collections/statements/",
        "collections/work/", "collections/work/load/", "collections/scenarios/", "api/v1/calls/",
        "api/v1/dunning-scenarios/", "api/v1/work-list/", "api/v1/workload/", "api/v1/client-relays/",
        "collections/reminders/", "api/v1/dunning-runs/", "api/v1/reminders/",
        "reports/aged-balance/history/", "reports/duties/", "reports/statements/", "reports/releases/",
        "reports/exposure/",
        "imports/", "imports/mappings/",
        "webhooks/", "webhooks/<pk>/", "api/v1/webhooks/",
        "api/v1/webhooks/<pk>/deliveries/",
        "api/v1/audit/", "api/v1/outbox/", "api/v1/accounts/", "api/v1/accounts/<code>/limits/",
        "api/v1/accounts/<code>/timeline/", "api/v1/accounts/<code>/exposure/", "api/v1/limit-requests/",
        "api/v1/guarantees/", "api/v1/buyer-covers/", "api/v1/client-notes/",
        "api/v1/orders/", "api/v1/orders/<number>/evidence/", "api/v1/orders/<number>/deliveries/",
        "api/v1/holds/", "api/v1/orders/<number>/messages/", "api/v1/override-requests/",
        "reports/disputes/", "api/v1/reports/disputes/", "disputes/", "disputes/<number>/",
        "disputes/committee/", "disputes/committee/<pk>/", "api/v1/disputes/", "api/v1/client-links/",
        "api/v1/disputes/<number>/links/",
        "api/v1/committees/", "api/v1/committees/<pk>/agenda/",
        "api/v1/quotations/", "api/v1/invoices/", "api/v1/invoices/<number>/credit/",
        "api/v1/payments/",
        "api/v1/payments/<pk>/propose/", "api/v1/payments/<pk>/trace/",
        "api/v1/allocations/", "api/v1/items/", "api/v1/periods/",
        "api/v1/reports/aged-balance/", "api/v1/reports/duties/",
        "api/v1/reports/exposure/",
    )
} | {"search/": {"q": "OWN"}, "reports/aged-balance/items/": {"bucket": "d1_30"}}  # fmt: skip

# Always as many rows: the latest events, the months of some years, what a payment suffices for.
ALWAYS_AS_MANY: Final = frozenset({
    "api/v1/disputes/<number>/links/",
    # Lists of one document each.
    "invoicing/insurance-claims/<key>/",
    "invoicing/factor/<key>/",
    "clients/<code>/part/<name>/", "invoicing/periods/", "invoicing/rates/", "api/v1/periods/",
    "api/v1/payments/<pk>/propose/",
    "invoicing/bank/<key>/", "api/v1/statements/<pk>/lines/",
    "api/v1/accounts/<code>/scorecard/", "api/v1/dunning-scenarios/",
    # A row a collector: nobody is named.
    "collections/work/load/", "api/v1/workload/",
    # Who was called today stands in it no more; ``tests/api/test_workload.py`` counts its readings.
    "api/v1/work-list/",
    # One deposit waits at a time.
    "invoicing/orders/<number>/deposits/", "api/v1/orders/<number>/deposit-request/",
})  # fmt: skip

# One thing, a form, a file, or the machine itself.
OTHERS: Final = frozenset({
    "invoicing/insurance-claims/clients/<code>/", "invoicing/insurance-claims/<key>/declare/",
    "invoicing/insurance-claims/<key>/recovery/", "invoicing/insurance-claims/<key>/indemnity/",
    "invoicing/insurance-claims/<key>/close/", "api/v1/insurance-claims/<pk>/",
    "credit/factor/agreement/", "credit/clients/<code>/factor/", "invoicing/factor/new/",
    "invoicing/factor/sold/<key>/take-back/", "invoicing/factor/to-pass-on/<key>/", "api/v1/factor-assignments/<pk>/",
    "invoicing/recurring/new/", "invoicing/recurring/<key>/", "api/v1/recurring-invoices/<pk>/",
    "api/v1/interest-notes/<pk>/", "invoicing/interest/terms/", "invoicing/clients/<code>/discount/",
    "invoicing/interest/<key>/", "invoicing/interest/<key>/pdf/", "invoicing/interest/<key>/take-back/",
    "invoicing/interest/clients/<code>/terms/", "invoicing/interest/waivers/<key>/lift/",
    "invoicing/interest/waive/<number>/", "api/v1/invoices/<number>/interest/",
    "invoicing/rates/add/", "invoicing/rates/<year>-S<half>/correct/",
    "health/live", "health/ready", "metrics", "i18n/setlang/", "login/", "notifications/<pk>/", "work/<pk>/",
    "work/<pk>/file/", "api/v1/jobs/<pk>/file/", "invoicing/<number>/file/<kind>/",
    "invoicing/<number>/bundle/", "api/v1/invoices/<number>/bundle/", "orders/<number>/deliveries/<pk>/note/",
    "api/v1/orders/<number>/deliveries/<delivery>/note/",
    "api/v1/accounts/<code>/statement/", "api/v1/invoices/<number>/pdf/", "api/v1/invoices/<number>/xml/",
    "outbox/<pk>/", "my-mail/", "clients/new/", "clients/check/", "credit/can-i-sell/",
    "credit/legal-notices/<pk>/", "credit/clients/<code>/legal-notice/", "credit/notes/<pk>/",
    "credit/notes/<pk>/correct/", "credit/clients/<code>/note/",
    "credit/guarantees/<pk>/", "credit/guarantees/<pk>/file/", "credit/clients/<code>/guarantee/",
    "credit/insurance/policy/", "credit/credit-alerts/<pk>/", "api/v1/credit-alerts/<pk>/",
    "credit/limit-requests/new/", "credit/clients/<code>/edit/", "credit/clients/<code>/move/",
    "credit/clients/<code>/part-limits/", "api/v1/accounts/<code>/part-limits/",
    "credit/clients/<code>/block/", "credit/clients/<code>/unblock/", "credit/clients/<code>/watch/",
    "credit/clients/<code>/unwatch/", "credit/limit-rules/", "credit/policy/", "credit/policy/<number>/",
    "credit/policy/<number>/differences/", "credit/policy/<number>/pdf/", "credit/policy/draft/",
    "credit/policy/draft/<article>/", "credit/policy/draft/add/", "api/v1/credit-policy/",
    "api/v1/credit-policy/<number>/",
    "credit/stakes/", "credit/exposure-rules/", "credit/authority/", "credit/thresholds/",
    "api/v1/client-notes/<pk>/", "api/v1/guarantees/<pk>/", "api/v1/credit-authority/", "api/v1/credit-thresholds/",
    "credit/rating-rules/", "credit/clients/<code>/scorecard/statement/",
    "credit/clients/<code>/scorecard/known/", "credit/clients/<code>/scorecard/class/",
    "orders/new/", "orders/rules/", "invoicing/matching/rules/",
    "invoicing/matching/clearing/", "invoicing/papers/check/", "invoicing/matching/<key>/pick/",
    "orders/holds/decided/<pk>/", "orders/quotations/new/",
    "orders/quotations/<number>/", "orders/quotations/<number>/edit/", "orders/quotations/<number>/pdf/",
    "orders/quotations/<number>/decline/", "orders/<number>/papers/evidence/",
    "orders/<number>/papers/evidence/<pk>/", "orders/<number>/papers/accept/",
    "orders/<number>/papers/purchase-order/", "orders/<number>/confirmation/",
    "orders/<number>/confirmation/<issue>/", "orders/<number>/edit/", "orders/<number>/alternatives/",
    "orders/<number>/agree/", "orders/<number>/release-when-met/",
    "api/v1/orders/<number>/alternatives/", "orders/<number>/hold/",
    "orders/<number>/release/", "orders/<number>/decisions/<pk>/", "orders/<number>/refuse/",
    "orders/<number>/override/",
    "orders/<number>/refuse-override/", "orders/<number>/documents/<pk>/", "orders/<number>/cancel/",
    "orders/<number>/close/", "orders/<number>/deliver/", "invoicing/items/<key>/match/",
    "invoicing/payments/<key>/return/", "invoicing/payments/<key>/return/undo/",
        "invoicing/credit/<number>/", "invoicing/credit/<number>/preview/",
    "invoicing/seller/", "invoicing/clients/<code>/details/", "api/v1/company-details/", "api/v1/clearing-days/",
    "api/v1/accounts/<code>/invoice-details/", "api/v1/accounts/<code>/payment-circuit/",
    "clients/<code>/circuit/",
    "invoicing/send/<number>/", "api/v1/invoices/<number>/send/",
    "invoicing/platform/<number>/", "invoicing/anomalies/",
    "invoicing/orders/<number>/deposit/", "invoicing/deposits/<key>/pdf/",
    "invoicing/items/<key>/due-date/", "invoicing/items/<key>/stop/", "invoicing/clients/<code>/stop/",
    "api/v1/committees/<pk>/",
    "disputes/committee/<pk>/minutes/",
    "disputes/rules/", "reports/statements/send/", "reports/statements/<pk>/<kind>/", "reports/process-owners/",
    "disputes/open/", "disputes/<number>/evidence/<pk>/", "api/v1/disputes/<number>/",
        "webhooks/new/", "webhooks/<pk>/edit/", "webhooks/<pk>/end/", "api/v1/webhooks/<pk>/",
    "collections/scenarios/new/", "collections/scenarios/<key>/", "collections/scenarios/<key>/change/",
    "collections/scenarios/<key>/letters/<number>/", "collections/scenarios/<key>/letters/<number>/pdf/",
    "case/<token>/", "case/<token>/evidence/<key>/",
    "link/<token>/", "link/<token>/statement/", "link/<token>/invoices/<key>/",
    "collections/links/<key>/", "collections/links/<code>/new/", "api/v1/client-links/<pk>/",
    "collections/promises/<key>/", "collections/promises/<key>/cancel/", "collections/clients/<code>/promise/",
    "collections/hand-overs/<key>/", "collections/hand-overs/<key>/file/", "collections/hand-overs/<key>/cost/",
    "collections/hand-overs/<key>/claim/", "collections/hand-overs/<key>/end/",
    "collections/clients/<code>/hand-over/", "collections/clients/<code>/limitation/", "api/v1/hand-overs/<pk>/",
    "api/v1/hand-overs/<pk>/file/",
    "collections/plans/<key>/", "collections/plans/<key>/pdf/", "collections/plans/<key>/send/",
    "collections/plans/<key>/sign/", "collections/plans/<key>/cancel/", "collections/plans/<key>/break/",
    "collections/plans/<key>/notice/pdf/", "collections/clients/<code>/plan/", "api/v1/payment-plans/<pk>/",
    "collections/clients/<code>/pass-on/", "api/v1/dunning-scenarios/<pk>/", "api/v1/client-relays/<pk>/",
    "collections/runs/<key>/print/", "collections/reminders/<key>/print/",
    "api/v1/promises/<pk>/", "collections/reminders/<key>/", "collections/reminders/<key>/pdf/",
    "api/v1/calls/<pk>/", "api/v1/dunning-runs/<pk>/", "api/v1/reminders/<pk>/", "api/v1/reminders/<pk>/pdf/",
    "invoicing/periods/accounts/", "invoicing/periods/<year>-<month>/entries/",
    "invoicing/bank/import/", "invoicing/bank/files/<key>/", "invoicing/bank/files/<key>/progress/",
    "invoicing/bank/returns/<key>/", "api/v1/statements/<pk>/",
    "invoicing/periods/<year>-<month>/close/", "invoicing/periods/<year>-<month>/reopen/",
    "imports/new/",
    "imports/sample/<kind>/", "imports/mappings/<key>/", "imports/<key>/", "imports/<key>/mapping/",
    "imports/<key>/refused/", "imports/<key>/progress/", "api/v1/schema/", "api/v1/docs/",
    "api/v1/invoices/<number>/status/",
    "api/v1/jobs/<pk>/", "api/v1/outbox/<pk>/", "api/v1/accounts/<code>/",
    "api/v1/accounts/<code>/suggested-limit/", "api/v1/limit-requests/<pk>/",
    "api/v1/orders/<number>/", "api/v1/orders/<number>/purchase-order/",
    "api/v1/orders/<number>/confirmation/", "api/v1/override-requests/<pk>/",
    "api/v1/quotations/<number>/", "api/v1/quotations/<number>/pdf/", "api/v1/invoices/<number>/",
    "api/v1/payments/<pk>/", "api/v1/allocations/<pk>/", "api/v1/items/<pk>/",
})  # fmt: skip


def by_class() -> dict[str, type]:
    """The view class behind every address, where one of ours has any."""
    found: dict[str, type] = {}

    def walk(patterns: Any, before: str) -> None:
        for pattern in patterns:
            route = before + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns, route)
            elif isinstance(pattern, URLPattern):
                view: Any = pattern.callback
                if view_class := getattr(view, "view_class", None) or getattr(view, "cls", None):
                    found[readable(route)] = view_class

    walk(get_resolver().url_patterns, "")
    return found
