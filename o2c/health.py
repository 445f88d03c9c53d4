"""For supervisors: is the process alive, can it work, how much waits."""

from __future__ import annotations

from collections.abc import Callable

import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from o2c.shared.models import Work
from orders.models import HoldCase


@never_cache
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Database and broker are reachable and every migration is applied; else 503 and which is not."""
    checks = {name: _passes(check) for name, check in _CHECKS.items()}
    good = all(checks.values())
    return JsonResponse(
        {"status": "ok" if good else "unavailable", "checks": checks}, status=200 if good else 503
    )


def _passes(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except Exception:  # whatever is wrong with it, it is not ready
        return False


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return True


def _broker() -> bool:
    with redis.Redis.from_url(settings.CACHES["default"]["LOCATION"], socket_timeout=2) as client:
        return bool(client.ping())


def _migrations() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


_CHECKS: dict[str, Callable[[], bool]] = {
    "database": _database,
    "broker": _broker,
    "migrations": _migrations,
}


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Waiting work and held orders in the text format of Prometheus."""
    states = dict.fromkeys(Work.State.values, 0)
    # Done rows are history: counting them would read the whole table.
    open_states = [Work.State.QUEUED, Work.State.RUNNING, Work.State.FAILED]
    states |= dict(
        Work.objects.filter(state__in=open_states).values_list("state").annotate(Count("pk")).order_by()
    )
    lines = ["# TYPE o2c_work gauge"]
    lines += [f'o2c_work{{state="{state}"}} {states[state]}' for state in open_states]
    held = HoldCase.objects.filter(closed_at=None).count()
    lines += ["# TYPE o2c_held_orders gauge", f"o2c_held_orders {held}"]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")
