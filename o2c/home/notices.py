"""Telling people: one line in the portal and one message in the outbox each, once per event, by reactions to acts."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.enums import TeamRole
from accounts.models import Company, CustomerAccount, RoleGrant, Substitution, TeamMember
from accounts.queries import rep_of
from credit.enums import RequestStatus, Side
from credit.models import LimitRequest, NightlyRun
from credit.services.checks import mandates
from credit.services.limits import required_role
from credit.services.signing import COUNTERSIGN, signatures_of
from credit.signature_policy import needs_two
from dunning.models import Call, PromiseToPay
from dunning.policy import NOT_KEPT
from invoicing.models import PaymentReturn
from invoicing.proofs import Difference
from o2c.shared import formats
from o2c.shared.calendar import paris_date
from o2c.shared.models import Notice
from orders.enums import OverrideStatus
from orders.models import HoldCase, Order, OverrideRequest
from orders.services import signatures_of as signatures_of_release

from . import letters

# The rights that a decision on a held order, and on a limit, needs.
_DECIDES: Final = "orders.release"
_DECIDES_LIMITS: Final = "credit.decide_limit"
# Who must know that the book does not agree with itself.
_KEEP_CREDIT: Final = ["credit.decide_limit", "audit.view"]
_KEEP_PORTAL: Final = ["admin.users"]
_DOCUMENTS_TOLD: Final = 5


def order_held(*, work: Any, order_id: int) -> dict[str, int]:
    """Work handler: tell the rep, the submitter and those who may decide that an order is on hold."""
    case = _last_case(order_id, open_only=True)
    if case is None:
        return {"told": 0}
    return tell_of_case(
        "order.held", case, people_of(case.order), _facts_of(case), deciders=deciders_of(case)
    )


def order_released(*, work: Any, order_id: int) -> dict[str, int]:
    """Work handler: tell the rep and the submitter that an order may go."""
    case = _last_case(order_id)
    return {"told": 0} if case is None else tell_of_case("order.released", case, people_of(case.order), {})


def order_refused(*, work: Any, order_id: int) -> dict[str, int]:
    """Work handler: tell the rep and the submitter that an order was refused, and why."""
    case = _last_case(order_id)
    if case is None:
        return {"told": 0}
    return tell_of_case("order.refused", case, people_of(case.order), {"reason": case.decision_reason})


def case_alert(*, work: Any, case_id: int) -> dict[str, int]:
    """Work handler: remind those who may decide that little time is left."""
    case = _open(case_id)
    if case is None:
        return {"told": 0}
    told = {case.owner_id} if case.owner_id else deciders_of(case)
    return tell_of_case("case.alert", case, (), _facts_of(case), deciders=told)


def case_overdue(*, work: Any, case_id: int) -> dict[str, int]:
    """Work handler: tell the next level that an answer is overdue."""
    case = _open(case_id)
    if case is None:
        return {"told": 0}
    top = mandates(case.order.company_id)[-1].level
    above = deciders_of(case, level=min(top, case.required_level + 1))
    return tell_of_case("case.overdue", case, (), _facts_of(case), deciders=above)


def override_requested(*, work: Any, request_id: int) -> dict[str, int]:
    """Work handler: tell those who may decide that an override is asked for, and the rep."""
    asked = _override(request_id)
    if asked is None or asked.status != OverrideStatus.OPEN:
        return {"told": 0}
    case = asked.case
    facts = _facts_of(case) | {"reason": asked.reason, "asked_by": asked.requested_by.label()}
    concerned = people_of(case.order) - {asked.requested_by_id}
    deciders = deciders_of(case, without={asked.requested_by_id})
    return tell_of_case(
        "override.requested", case, concerned, facts, deciders=deciders, key=f"override:{asked.pk}"
    )


def override_signed(*, work: Any, request_id: int) -> dict[str, int]:
    """Work handler: tell whoever may be the second of two approvers that the first has signed."""
    asked = _override(request_id)
    if asked is None or asked.status != OverrideStatus.OPEN:
        return {"told": 0}
    case, given = asked.case, signatures_of_release(asked)
    without = {row.signed_by_id for row in given} | {asked.requested_by_id}
    facts = _facts_of(case) | {
        "reason": given[-1].reason if given else "",
        "asked_by": asked.requested_by.label(),
    }
    if Side.COUNTERSIGN in {row.side for row in given}:
        deciders = deciders_of(case, without=without)
    else:
        deciders = lowest_with(COUNTERSIGN, case.order.company_id, level=0, without=without)
    return tell_of_case("override.signed", case, set(), facts, deciders=deciders, key=f"override:{asked.pk}")


def override_decided(*, work: Any, request_id: int) -> dict[str, int]:
    """Work handler: tell whoever asked, and the rep, what was answered and why."""
    asked = _override(request_id)
    if asked is None or asked.decided_by_id is None:
        return {"told": 0}
    told = ({asked.requested_by_id} | people_of(asked.case.order)) - {asked.decided_by_id}
    kind = f"override.{asked.status}"
    return tell_of_case(kind, asked.case, told, {"reason": asked.decision_reason}, key=f"override:{asked.pk}")


def limit_submitted(*, work: Any, request_id: int) -> dict[str, int]:
    """Work handler: tell those who may decide that a limit request waits for them."""
    wish = _limit_request(request_id)
    if wish is None or wish.status != RequestStatus.SUBMITTED:
        return {"told": 0}
    asked = {wish.requested_by_id}
    level = required_role(wish).level
    told = lowest_with(_DECIDES_LIMITS, wish.asked_for.company_id, level=level, without=asked)
    if needs_two(level):
        told |= lowest_with(COUNTERSIGN, wish.asked_for.company_id, level=0, without=asked)
    return _tell_of_limit("limit.submitted", wish, told, waits=True)


def limit_signed(*, work: Any, request_id: int) -> dict[str, int]:
    """Work handler: tell whoever may be the second of two approvers that the first has signed."""
    wish = _limit_request(request_id)
    if wish is None or wish.status != RequestStatus.SUBMITTED:
        return {"told": 0}
    given = signatures_of(wish)
    without = {wish.requested_by_id, *(row.signed_by_id for row in given)}
    company = wish.asked_for.company_id
    if Side.COUNTERSIGN in {row.side for row in given}:
        told = lowest_with(_DECIDES_LIMITS, company, level=required_role(wish).level, without=without)
    else:
        told = lowest_with(COUNTERSIGN, company, level=0, without=without)
    return _tell_of_limit("limit.signed", wish, told, waits=True)


def limit_decided(*, work: Any, request_id: int) -> dict[str, int]:
    """Work handler: tell whoever asked for a limit, and the client's rep, what was decided and why."""
    wish = _limit_request(request_id)
    if wish is None or wish.decided_by_id is None:
        return {"told": 0}
    rep = rep_of(wish.asked_for, paris_date(timezone.now()))
    told = {wish.requested_by_id} | ({rep.pk} if rep else set())
    kind = "limit.approved" if wish.status == RequestStatus.APPROVED else "limit.refused"
    return _tell_of_limit(kind, wish, told - {wish.decided_by_id})


def payment_returned(*, work: Any, return_id: int) -> dict[str, int]:
    """Work handler: tell the client's rep and who keeps its credit that the bank took a payment back."""
    return _tell_of_return("payment.returned", return_id, in_force=True)


def payment_return_undone(*, work: Any, return_id: int) -> dict[str, int]:
    """Work handler: tell the same people that it was a mistake."""
    return _tell_of_return("payment.return_undone", return_id, in_force=False)


def _tell_of_return(kind: str, return_id: int, *, in_force: bool) -> dict[str, int]:
    row = PaymentReturn.objects.select_related("payment__account").get(pk=return_id)
    payment = row.payment
    if payment.account is None or (row.undone_at is None) != in_force:
        return {"told": 0}
    today, doer = paris_date(timezone.now()), row.recorded_by_id if in_force else row.undone_by_id
    rep = rep_of(payment.account, today)
    team = TeamMember.objects.filter(account=payment.account, role=TeamRole.CREDIT, valid_from__lte=today)
    credit = set(team.filter(Q(valid_to=None) | Q(valid_to__gt=today)).values_list("user_id", flat=True))
    told = credit or lowest_with(_DECIDES_LIMITS, payment.company_id, level=2, without=set())
    told |= {rep.pk} if rep else set()
    facts = {
        "payment": payment.external_id,
        "account": payment.account.code,
        "client": payment.account.name,
        "amount": str(payment.amount),
        "currency": payment.currency,
        "reason": row.reason if in_force else "",
    }
    return write(
        kind,
        f"return:{row.pk}",
        facts,
        reverse("invoicing:payment", args=[payment.pk]),
        dict.fromkeys(told - {doer}, False),
        company_id=payment.company_id,
        account_id=payment.account_id,
        about=(payment._meta.label_lower, payment.pk),
    )


def book_differs(*, work: Any, run_id: int) -> dict[str, int]:
    """Work handler: tell credit managers and administrators which documents the nightly run could not prove.

    What is of no company, such as a broken seal of the journal, is told in each.
    """
    run = NightlyRun.objects.get(pk=run_id)
    companies = {company.code: company for company in Company.objects.all()}
    told = 0
    for code in companies:
        differences = [row for row in run.differences if row["company"] in {"", code}]
        if not differences:
            continue
        facts = {
            "company": code,
            "count": str(len(differences)),
            "reason": " · ".join(str(Difference(**row)) for row in differences[:_DOCUMENTS_TOLD]),
        }
        people = dict.fromkeys(_keepers_of_the_book(companies[code]), True)
        place = {"company_id": companies[code].pk}
        key = f"run:{run_id}:{code}"
        told += write("book.differs", key, facts, reverse("home"), people, **place)["told"]
    return {"told": told}


def client_displeased(*, work: Any, call_id: int) -> dict[str, int]:
    """Work handler: tell the client's rep and its sales administration that it is not content with us."""
    call = Call.objects.select_related("account").get(pk=call_id)
    today = paris_date(timezone.now())
    team = TeamMember.objects.filter(
        account=call.account, role__in=(TeamRole.SALES_REP, TeamRole.ADV), valid_from__lte=today
    )
    told = set(team.filter(Q(valid_to=None) | Q(valid_to__gt=today)).values_list("user_id", flat=True))
    facts = {
        "account": call.account.code,
        "client": call.account.name,
        "score": call.satisfaction,
        "currency": call.account.currency,
        "reason": call.note,
    }
    return write(
        "call.displeased",
        f"call:{call.pk}",
        facts,
        reverse("accounts:detail", args=[call.account.code]),
        dict.fromkeys(told, False),
        company_id=call.company_id,
        account_id=call.account_id,
        about=(Call._meta.label_lower, call.pk),
    )


def promise_not_kept(*, work: Any, promise_id: int) -> dict[str, int]:
    """Work handler: tell who took the promise, the rep, the collector and who keeps the client's credit."""
    promise = PromiseToPay.objects.select_related("account").get(pk=promise_id)
    if promise.status not in NOT_KEPT:
        return {"told": 0}
    return _tell_of_promise("promise.not_kept", promise, promise.amount - promise.received)


def promised_through_link(*, work: Any, promise_id: int) -> dict[str, int]:
    """Work handler: tell the same people that a client announced a payment on its own page."""
    promise = PromiseToPay.objects.select_related("account").get(pk=promise_id)
    return _tell_of_promise("promise.through_link", promise, promise.amount)


def _tell_of_promise(kind: str, promise: PromiseToPay, amount: Decimal) -> dict[str, int]:
    told = keepers_of(promise.account) | ({promise.taken_by_id} if promise.taken_by_id else set())
    facts = {
        "account": promise.account.code,
        "client": promise.account.name,
        "day": formats.date_short(promise.promised_date),
        "amount": str(amount),
        "currency": promise.currency,
    }
    return write(
        kind,
        f"promise:{promise.pk}",
        facts,
        reverse("accounts:detail", args=[promise.account.code]),
        dict.fromkeys(told, False),
        company_id=promise.company_id,
        account_id=promise.account_id,
        about=(PromiseToPay._meta.label_lower, promise.pk),
    )


def keepers_of(account: CustomerAccount) -> set[int]:
    """Who follows what a client pays: its rep, its collector and who keeps its credit."""
    today = paris_date(timezone.now())
    team = TeamMember.objects.filter(
        account=account, role__in=(TeamRole.COLLECTOR, TeamRole.CREDIT), valid_from__lte=today
    )
    told = set(team.filter(Q(valid_to=None) | Q(valid_to__gt=today)).values_list("user_id", flat=True))
    rep = rep_of(account, today)
    return told | ({rep.pk} if rep else set())


def _keepers_of_the_book(company: Company) -> set[int]:
    """Those who decide limits and read the journal, and those who run the portal, in a company."""
    grants = RoleGrant.objects.filter(
        Q(company=company) | Q(company=None, role__sees_all_companies=True),
        Q(role__permissions__contains=_KEEP_CREDIT) | Q(role__permissions__contains=_KEEP_PORTAL),
        user__is_active=True,
        user__is_system=False,
    )
    return set(grants.values_list("user_id", flat=True))


def _last_case(order_id: int, *, open_only: bool = False) -> HoldCase | None:
    """The case an event is about: the newest of the order; for a hold only while it is open."""
    cases = HoldCase.objects.filter(order_id=order_id).select_related("order__account", "order__company")
    return (cases.filter(closed_at=None) if open_only else cases).order_by("-opened_at", "-pk").first()


def _open(case_id: int) -> HoldCase | None:
    cases = HoldCase.objects.select_related("order__account", "order__company")
    return cases.filter(pk=case_id, closed_at=None).first()


def _override(request_id: int) -> OverrideRequest | None:
    related = OverrideRequest.objects.select_related(
        "case__order__account", "case__order__company", "requested_by"
    )
    return related.filter(pk=request_id).first()


def _facts_of(case: HoldCase) -> dict[str, Any]:
    """Why an order waits, what is missing, who decides and by when."""
    holds = (
        case.holds.filter(lifted_at=None)
        .order_by("pk")
        .values_list("reason", "figures", "decided_by", "policy_article")
    )
    rows = list(holds)
    return {
        "over_limit_by": str(case.over_limit_by),
        "limit_currency": case.order.company.currency,
        "target_at": case.target_at.isoformat(),
        "holds": [(reason, figures) for reason, figures, _role, _article in rows],
        "articles": [article for _reason, _figures, _role, article in rows],
        "role": next((role for _reason, _figures, role, _article in rows if role), ""),
    }


def people_of(order: Order) -> set[int]:
    """The order's rep and whoever submitted it."""
    return {key for key in (order.sales_rep_id, order.submitted_by_id) if key is not None}


def deciders_of(case: HoldCase, *, level: int | None = None, without: Iterable[int] = ()) -> set[int]:
    """People of the lowest role that may release it; four eyes leave the submitter and the rep out."""
    order = case.order
    wanted = case.required_level if level is None else level
    return lowest_with(_DECIDES, order.company_id, level=wanted, without=people_of(order) | set(without))


def lowest_with(permission: str, company_id: int, *, level: int, without: set[int]) -> set[int]:
    """Those who may do this from a level of the matrix on, of the lowest level that anybody holds."""
    grants = RoleGrant.objects.filter(
        company_id=company_id,
        role__permissions__contains=[permission],
        role__authority_level__gte=level,
        user__is_active=True,
        user__is_system=False,
    ).exclude(user_id__in=without)
    found = list(grants.values_list("user_id", "role__authority_level"))
    lowest = min((held for _user, held in found), default=0)
    people = {user for user, held in found if held == lowest}
    return people | (_standing_in_for(people, company_id) - without)


def _standing_in_for(people: set[int], company_id: int) -> set[int]:
    """Whoever decides in the place of one of these today."""
    today = paris_date(timezone.now())
    rows = Substitution.objects.filter(
        Q(valid_from__lte=today, valid_until__gte=today),
        absent__in=people,
        company_id=company_id,
        ended_at=None,
        substitute__is_active=True,
    )
    return set(rows.values_list("substitute_id", flat=True))


def _limit_request(request_id: int) -> LimitRequest | None:
    return LimitRequest.objects.select_related("asked_for__company").filter(pk=request_id).first()


def tell_of_case(
    kind: str,
    case: HoldCase,
    users: Iterable[int],
    figures: dict[str, Any],
    *,
    deciders: Iterable[int] = (),
    key: str = "",
) -> dict[str, int]:
    order = case.order
    facts = {
        "order": order.number,
        "account": order.account.code,
        "client": order.account.name,
        "amount": str(order.total_incl_vat),
        "currency": order.currency,
        **figures,
    }
    told = dict.fromkeys(users, False) | dict.fromkeys(deciders, True)
    address = reverse("orders:detail", args=[order.number])
    about = (Order._meta.label_lower, order.pk)
    return write(
        kind,
        key or f"case:{case.pk}",
        facts,
        address,
        told,
        company_id=order.company_id,
        account_id=order.account_id,
        about=about,
    )


def _tell_of_limit(
    kind: str, wish: LimitRequest, users: Iterable[int], *, waits: bool = False
) -> dict[str, int]:
    facts = {
        "account": wish.asked_for.code,
        "client": wish.asked_for.name,
        "amount": "" if wish.amount is None else str(wish.amount),
        "currency": wish.currency,
        "reason": wish.decision_reason or wish.reason,
    }
    return write(
        kind,
        f"request:{wish.pk}",
        facts,
        reverse("credit:limit_request", args=[wish.pk]),
        dict.fromkeys(users, waits),
        company_id=wish.asked_for.company_id,
        account_id=wish.asked_for_id,
        about=(LimitRequest._meta.label_lower, wish.pk),
    )


def write(
    kind: str, key: str, facts: dict[str, Any], url: str, told: dict[int, bool], **place: Any
) -> dict[str, int]:
    """Write lines and messages; who was told of this event already is not told again."""
    lines = [
        Notice(user_id=user, kind=kind, key=key, figures=facts, url=url, created_at=timezone.now())
        for user in sorted(told)
    ]
    Notice.objects.bulk_create(lines, ignore_conflicts=True)
    letters.write(kind, key, facts, url, told, **place)
    return {"told": len(lines)}
