"""What a payment may settle, each with a score and its reasons: rules over plain values, no rows and no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from o2c.shared.money import ZERO, round_cents

from .facts import Circle, DiscountTerms, Line, Money, OpenItem, Proposal, Reason, Rules, Why
from .sums import together
from .words import Strength, alikeness, cited, digits_key, last_digits, letters_of, number_key

PROPOSED: Final = 5
_LIKE_ENOUGH: Final = 0.6
_UNLIKE: Final = 0.35
_KNOWN_BY_NAME: Final = 0.9
# How much a known payer adds at most to what the text says already.
_CONFIRMED: Final = 0.03
# A sum is told from chance as long as far fewer sums were possible than there are amounts in cents.
_BY_CHANCE: Final = 50


@dataclass(slots=True)
class _Idea:
    """A proposal under way: what its amounts and words are worth, before anybody asks who pays."""

    lines: list[Line]
    worth: float
    reasons: list[Reason]
    names: Strength | None = None
    left: Decimal = ZERO
    over: Decimal = ZERO


def cash_discount(
    open_amount: Decimal, excl: Decimal | None, vat: Decimal | None, terms: DiscountTerms
) -> Decimal:
    """Return the discount incl. VAT: of the price excl. VAT, with VAT on what is left (domain.md 1.4).

    :param excl: None where the document was taken over without
    """
    share = terms.percent / 100
    if excl is None or vat is None or excl <= 0 or excl + vat != open_amount:
        return round_cents(open_amount * share)
    base = excl - round_cents(excl * share)
    return open_amount - base - round_cents(vat * base / excl)


def discount_until(issue_date: date, terms: DiscountTerms) -> date:
    """Return the last day a payment may come in for the discount."""
    return issue_date + timedelta(days=terms.days)


def propose(
    money: Money, circles: Iterable[Circle], rules: Rules, *, elsewhere: bool = False
) -> tuple[Proposal, ...]:
    """Return what a payment may settle, the surest first, at most five.

    :param elsewhere: the payer's bank account is known to pay for clients of other circles
    """
    found: list[Proposal] = []
    for circle in circles:
        found += [_judged(idea, money, circle, elsewhere=elsewhere) for idea in _ideas(money, circle, rules)]
    return _ranked(found)


def automatic(proposals: Sequence[Proposal], rules: Rules) -> Proposal | None:
    """Return the proposal to be matched without anybody looking: sure enough, whole, and by a margin the only one.

    None where the company has not switched it on.
    """
    if not rules.automatic or not proposals:
        return None
    best, *others = proposals
    if best.score < rules.confidence or not best.is_whole:
        return None
    if any(reason.why in {Why.SEVERAL_FIT, Why.EXCHANGE} for reason in best.reasons):
        return None
    if any(best.score - other.score < rules.margin for other in others if other.is_whole):
        return None
    return best


# --- ideas of one circle -------------------------------------------------------------------------------------------


def _ideas(money: Money, circle: Circle, rules: Rules) -> list[_Idea]:
    owed = sorted((i for i in circle.items if i.open_amount > 0), key=lambda i: (i.due_date, i.key))
    credits = sorted((i for i in circle.items if i.open_amount < 0), key=lambda i: (i.due_date, i.key))
    if not owed:
        return []
    named = _named(money.text, [*owed, *credits], known=_is_known(money, circle))
    ideas = _cited_ideas(money, named, credits, rules)
    # What the text names is what the payer means: amounts alone count where it names nothing that fits.
    if not any(idea.left == 0 and idea.worth >= 0.9 for idea in ideas):
        other = _cites_other(money.text, circle, named)
        for idea in _amount_ideas(money, owed, credits, rules):
            if other:
                idea.worth -= 0.2
                idea.reasons.append(Reason(Why.CITES_OTHER, {"document": other}))
            ideas.append(idea)
    return ideas


def _is_known(money: Money, circle: Circle) -> bool:
    if circle.recorded is not None or circle.linked:
        return True
    return any(_likeness(money.payer_name, names) >= _KNOWN_BY_NAME for names in circle.names.values())


def _named(text: str, items: Sequence[OpenItem], *, known: bool) -> dict[int, tuple[OpenItem, Strength]]:
    """Items whose number the text names; by their last digits alone only where the payer is known."""
    keys = cited(text)
    found: dict[int, tuple[OpenItem, Strength]] = {}
    for item in items:
        strength = keys.get(number_key(item.document))
        if strength is None or strength < Strength.WITHOUT_LETTERS:
            strength = keys.get(digits_key(item.document), strength)
        if strength is None and known:
            tail = last_digits(item.document)
            strength = Strength.LAST_DIGITS if tail and tail in keys else None
        if strength is Strength.LAST_DIGITS and not known:
            strength = None
        if strength is not None:
            found[item.key] = item, strength
    plain = max((strength for _item, strength in found.values()), default=None)
    # Beside numbers that are written out, last digits are dates and the like.
    if plain is not None and plain >= Strength.WITHOUT_LETTERS:
        found = {key: pair for key, pair in found.items() if pair[1] > Strength.LAST_DIGITS}
    return found


_WORTH_NAMED: Final = {
    Strength.REFERENCE: 0.98,
    Strength.NUMBER: 0.97,
    Strength.WITHOUT_LETTERS: 0.95,
    Strength.LAST_DIGITS: 0.92,
}


def _cited_ideas(
    money: Money,
    named: Mapping[int, tuple[OpenItem, Strength]],
    credits: Sequence[OpenItem],
    rules: Rules,
) -> list[_Idea]:
    items = [item for item, _strength in named.values()]
    owed = [item for item in items if item.open_amount > 0]
    if not owed:
        return []
    strength = min(strength for _item, strength in named.values())
    why = Why.CITED if strength >= Strength.NUMBER else Why.CITED_LOOSELY
    why = Why.REFERENCE if strength is Strength.REFERENCE else why
    about = Reason(why, {"documents": list(dict.fromkeys(item.document for item in items))})
    worth = _WORTH_NAMED[strength]
    idea = _fitted(money, items, rules)
    if idea is None:
        idea = _some_of(money, owed) or _short_by_credit(money, owed, credits, named)
    if idea is None:
        idea = _in_order(money, owed, Why.SHORT)
        idea.worth = 0.72
    idea.worth *= worth
    idea.reasons.insert(0, about)
    idea.names = strength
    return [idea]


def _fitted(money: Money, items: Sequence[OpenItem], rules: Rules) -> _Idea | None:
    """The items as a whole: exactly, less their discounts, or within the tolerance."""
    total = sum((item.open_amount for item in items), ZERO)
    if total == money.amount:
        why = Why.EXACT if len(items) == 1 else Why.SUM
        return _Idea([Line(i, i.open_amount) for i in items], 1.0, [Reason(why, {"count": len(items)})])
    discounted = [item for item in items if item.discount > 0]
    taken = sum((item.discount for item in discounted), ZERO)
    if taken and total - taken == money.amount:
        return _less_discount(money, items)
    for item in discounted:
        if total - item.discount == money.amount:
            return _less_discount(money, items, of=item)
    short = total - money.amount
    if abs(short) <= rules.tolerance:
        return _within(items, short, 0.97, Why.TOLERANCE)
    if money.foreign and abs(short) <= total * rules.exchange_share:
        return _within(items, short, 0.9, Why.EXCHANGE)
    return None


def _less_discount(money: Money, items: Sequence[OpenItem], *, of: OpenItem | None = None) -> _Idea:
    """The items less the discount of all that have one, or of one of them; too late it stays open."""
    lines, late, taken = [], False, ZERO
    for item in items:
        discount = item.discount if of is None or item is of else ZERO
        in_time = item.discount_until is not None and money.received_on <= item.discount_until
        late = late or (bool(discount) and not in_time)
        lines.append(Line(item, item.open_amount - discount, discount if in_time else ZERO))
        taken += discount
    if late:
        return _Idea(
            lines, 0.8, [Reason(Why.LATE_DISCOUNT, {"amount": taken}), Reason(Why.SHORT, {"amount": taken})]
        )
    return _Idea(lines, 0.98, [Reason(Why.DISCOUNT, {"amount": taken})])


def _within(items: Sequence[OpenItem], short: Decimal, worth: float, why: Why) -> _Idea:
    """The items with a difference let go: of the largest when short, of the payment when over."""
    largest = max(items, key=lambda item: item.open_amount)
    lines = [
        Line(item, item.open_amount - short, write_off=short, is_exchange=why is Why.EXCHANGE)
        if item is largest and short > 0
        else Line(item, item.open_amount)
        for item in items
    ]
    return _Idea(lines, worth, [Reason(why, {"amount": short})], over=max(ZERO, -short))


def _short_by_credit(
    money: Money,
    owed: Sequence[OpenItem],
    credits: Sequence[OpenItem],
    named: Mapping[int, object],
) -> _Idea | None:
    """What is missing is exactly a credit note of the client, or part of one."""
    short = sum((item.open_amount for item in owed), ZERO) - money.amount
    if short <= 0:
        return None
    for worth, fits in ((0.96, lambda left: left == short), (0.75, lambda left: left > short)):
        for credit in credits:
            if fits(-credit.open_amount):
                lines = [Line(item, item.open_amount) for item in owed] + [Line(credit, -short)]
                mentioned = 0.03 if credit.key in named else 0.0
                why = Reason(Why.CREDIT_NOTE, {"document": credit.document, "amount": short})
                return _Idea(lines, worth + mentioned, [why])
    return None


def _some_of(money: Money, owed: Sequence[OpenItem]) -> _Idea | None:
    """Some of the items named make exactly the amount; of equal instalments of a document the first due."""
    numbers = {item.document for item in owed}
    for item in sorted(owed, key=lambda item: (item.due_date, item.key)):
        if item.open_amount == money.amount:
            worth = 0.97 if len(numbers) == 1 else 0.9
            return _Idea([Line(item, item.open_amount)], worth, [Reason(Why.EXACT, {"count": 1})])
    found = together([_cents(item.open_amount) for item in owed], _cents(money.amount))
    if found is None:
        return None
    lines = [Line(owed[place], owed[place].open_amount) for place in found.places]
    return _Idea(lines, 0.9, [Reason(Why.SUM, {"count": len(lines)})])


def _amount_ideas(
    money: Money, owed: Sequence[OpenItem], credits: Sequence[OpenItem], rules: Rules
) -> list[_Idea]:
    ideas = _single_ideas(money, owed, rules)
    if (whole := _whole_balance(money, owed, credits)) is not None:
        ideas.append(whole)
    plain = [_cents(item.open_amount) for item in owed]
    less = [_cents(item.open_amount - _in_time(item, money)) for item in owed]
    for values in [plain] if less == plain else [plain, less]:
        found = together(values, _cents(money.amount))
        if found is not None:
            ideas.append(
                _sum_idea(money, owed, values, found.places, is_only=found.is_only, tried=found.tried)
            )
            break
    ideas.append(_in_order(money, owed, Why.OLDEST_FIRST))
    return ideas


def _single_ideas(money: Money, owed: Sequence[OpenItem], rules: Rules) -> list[_Idea]:
    """One item of the amount: exactly, less its discount, or nearly."""
    same = [item for item in owed if item.open_amount == money.amount]
    ideas = [
        _Idea([Line(item, item.open_amount)], 0.94, [Reason(Why.EXACT, {"count": 1})]) for item in same[:3]
    ]
    if not same:
        less = [item for item in owed if item.discount and item.open_amount - item.discount == money.amount]
        for item in less[:3]:
            idea = _less_discount(money, [item])
            idea.worth *= 0.94
            ideas.append(idea)
        same = less
    if not same:
        near = [item for item in owed if abs(item.open_amount - money.amount) <= rules.tolerance]
        ideas += [_within([item], item.open_amount - money.amount, 0.7, Why.TOLERANCE) for item in near[:3]]
        same = near
    if len(same) > 1:
        for place, idea in enumerate(ideas):
            idea.worth = 0.66 - 0.04 * place  # the oldest first: so it is paid where nothing is said
            idea.reasons.append(Reason(Why.SEVERAL_FIT, {"count": len(same)}))
    return ideas


def _whole_balance(money: Money, owed: Sequence[OpenItem], credits: Sequence[OpenItem]) -> _Idea | None:
    """Everything the client owes, less all credits; or everything that is due."""
    due = [item for item in owed if item.due_date <= money.received_on]
    for items in ([*owed, *credits], owed, due):
        if len(items) > 1 and sum((item.open_amount for item in items), ZERO) == money.amount:
            lines = [Line(item, item.open_amount) for item in items]
            return _Idea(lines, 0.95, [Reason(Why.BALANCE, {"count": len(items)})])
    return None


def _sum_idea(
    money: Money,
    owed: Sequence[OpenItem],
    values: Sequence[int],
    places: Sequence[int],
    *,
    is_only: bool,
    tried: int,
) -> _Idea:
    lines, taken = [], ZERO
    for place in places:
        amount = Decimal(values[place]) / 100
        discount = owed[place].open_amount - amount
        lines.append(Line(owed[place], amount, discount))
        taken += discount
    reasons = [Reason(Why.SUM, {"count": len(lines)})]
    if taken:
        reasons.append(Reason(Why.DISCOUNT, {"amount": taken}))
    worth = 0.92 if len(lines) == 2 else 0.9
    if not is_only or tried * _BY_CHANCE > _cents(money.amount):
        worth -= 0.2 if not is_only else 0.05
    if not is_only:
        reasons.append(Reason(Why.SEVERAL_FIT, {"count": 2}))
    return _Idea(lines, worth, reasons)


def _in_order(money: Money, owed: Sequence[OpenItem], why: Why) -> _Idea:
    """The oldest due first, as far as the money goes."""
    left, lines = money.amount, []
    for item in owed:
        if left <= 0:
            break
        amount = min(left, item.open_amount)
        lines.append(Line(item, amount))
        left -= amount
    short = sum((line.item.open_amount for line in lines), ZERO) - money.amount
    reasons = [Reason(Why.OLDEST_FIRST)] if why is Why.OLDEST_FIRST else []
    if short > 0:
        reasons.append(Reason(Why.SHORT, {"amount": short}))
    if left > 0:
        reasons.append(Reason(Why.OVER, {"amount": left}))
    return _Idea(lines, 0.45, reasons, left=max(ZERO, left))


def _in_time(item: OpenItem, money: Money) -> Decimal:
    until = item.discount_until
    return item.discount if until is not None and money.received_on <= until else ZERO


def _cites_other(text: str, circle: Circle, named: Mapping[int, object]) -> str:
    """A number of the kind these items have that none of them bears: paid already, or another client's."""
    if named:
        return ""
    kinds = {letters_of(item.document) for item in circle.items} - {""}
    for key, strength in cited(text).items():
        parts = key.split(".")
        if strength >= Strength.NUMBER and parts[0] in kinds and len(parts) > 1 and parts[-1].isdigit():
            return key.replace(".", "-")
    return ""


# --- who pays, and what is surest -----------------------------------------------------------------------------------


def _judged(idea: _Idea, money: Money, circle: Circle, *, elsewhere: bool) -> Proposal:
    """Weigh an idea by what is known of the payer."""
    first = max((line for line in idea.lines), key=lambda line: line.amount).item.account_id
    account, who, reasons = _payer(money, circle, first)
    score = idea.worth
    if idea.names is not None:
        # The number says whose it is; the payer confirms it or casts doubt on it.
        if reasons:
            score += min(_CONFIRMED, (1 - score) * 0.7) * who
        elif elsewhere:
            score -= 0.15
            reasons = [Reason(Why.PAYER_ELSEWHERE)]
        elif money.payer_name and _likeness(money.payer_name, circle.names.get(first, ())) < _UNLIKE:
            score -= 0.02
            reasons = [Reason(Why.PAYER_UNLIKE, {"name": money.payer_name})]
    else:
        score *= who
        if elsewhere and not reasons:
            score -= 0.15
            reasons = [Reason(Why.PAYER_ELSEWHERE)]
    rounded = min(Decimal("0.99"), max(ZERO, round_cents(Decimal(repr(round(score, 4))))))
    return Proposal(
        lines=tuple(idea.lines),
        score=rounded,
        reasons=(*idea.reasons, *reasons),
        account_id=account,
        left=idea.left,
        over=idea.over,
    )


def _payer(money: Money, circle: Circle, owing: int) -> tuple[int, float, list[Reason]]:
    """Whose payment it is in this circle, how sure that is, and why; the client that owes most where nothing says."""
    if circle.recorded is not None:
        reason = Reason(Why.PAYER_RECORDED if circle.recorded == owing else Why.PAYER_RELATED)
        return circle.recorded, 1.0, [reason]
    if circle.linked:
        account = owing if owing in circle.linked else max(circle.linked, key=lambda key: circle.linked[key])
        times = circle.linked[account]
        reasons = [Reason(Why.PAYER_IBAN, {"times": times})]
        if account != owing:
            reasons.append(Reason(Why.PAYER_RELATED))
        return account, 0.97 if times == 1 else 0.99, reasons
    best, likeness = owing, _likeness(money.payer_name, circle.names.get(owing, ()))
    for account, names in circle.names.items():
        if likeness < 0.99 and (other := _likeness(money.payer_name, names)) > likeness + 0.05:
            best, likeness = account, other
    if likeness >= _LIKE_ENOUGH:
        reasons = [Reason(Why.PAYER_NAME, {"percent": round(likeness * 100)})]
        if best != owing:
            reasons.append(Reason(Why.PAYER_RELATED))
        return best, min(0.94, 0.55 + 0.4 * likeness), reasons
    return owing, 0.5, []


def _likeness(name: str, others: Iterable[str]) -> float:
    return max((alikeness(name, other) for other in others), default=0.0) if name else 0.0


def _ranked(found: Iterable[Proposal]) -> tuple[Proposal, ...]:
    """The surest first, each set of items once."""
    best: dict[tuple[tuple[int, Decimal], ...], Proposal] = {}
    for proposal in found:
        known = best.get(proposal.keys)
        if known is None or proposal.score > known.score:
            best[proposal.keys] = proposal
    ranked = sorted(best.values(), key=lambda p: (-p.score, len(p.lines), p.keys))
    return tuple(ranked[:PROPOSED])


def without_tolerance(proposal: Proposal) -> Proposal:
    """The same proposal with what would be written off left open, for whoever may not write off."""
    lines = tuple(replace(line, write_off=ZERO, is_exchange=False) for line in proposal.lines)
    return replace(proposal, lines=lines, left=proposal.left + proposal.over, over=ZERO)


def _cents(amount: Decimal) -> int:
    return int(amount * 100)
