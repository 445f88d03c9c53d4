"""Tags and filters of every screen: ``{% load o2c %}``. ``docs/frontend.md`` shows each with an example."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django import template
from django.forms import BoundField
from django.template.base import NodeList, Parser, Token
from django.template.context import Context
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from o2c.shared import bars, formats
from o2c.shared.badges import badge_for
from o2c.shared.written import FILTERS, lang

register = template.Library()

Text = str | Promise


# --- figures and dates ---

for _function in FILTERS:
    register.filter(_function)


@register.simple_tag(takes_context=True)
def time_at(context: Context, at: datetime | None) -> SafeString | str:
    """``{% time_at event.at %}`` → ``today 08:57`` in a ``<time>`` with the exact moment."""
    if at is None:
        return formats.NOTHING
    local = timezone.localtime(at) if timezone.is_aware(at) else at
    today = context.get("today") or timezone.localdate()
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(),
        f"{local:%d/%m/%Y %H:%M:%S}",
        formats.moment(local, today),
    )


@register.simple_tag(takes_context=True)
def moment_after(context: Context, wait: timedelta | None) -> datetime | None:
    """``{% moment_after cooloff_timedelta as until %}``: the moment that lies so far ahead of now."""
    now: datetime = context.get("now") or timezone.localtime()
    return now + wait if wait is not None else None


@register.simple_tag(takes_context=True)
def day_distance(context: Context, day: date | None) -> str:
    """``{% day_distance promise.day %}`` → ``dans 3 jours``."""
    return formats.relative_day(day, context.get("today") or timezone.localdate(), lang())


@register.simple_tag(takes_context=True)
def client_link(context: Context, account: Any, css: str = "") -> SafeString:
    """``{% client_link invoice.account 'o-u' %}``: the client's name, a link for who may open its page."""
    request = context["request"]
    if not request.user.may("accounts.view", getattr(request, "company", None)):
        return format_html("{}", account.name)
    kind = format_html(' class="{}"', css) if css else ""
    return format_html(
        '<a{} href="{}">{}</a>', kind, reverse("accounts:detail", args=[account.code]), account.name
    )


# --- icons and badges ---


@register.simple_tag
def icon(name: str, size: str = "", label: Text = "") -> SafeString:
    """``{% icon 'hand-stop' %}``, ``{% icon 'clock' 's' %}``: a Tabler icon; ``label`` when it stands alone."""
    if not name:
        return SafeString("")
    classes = f"o-i {size}".strip()
    address = f"{static('vendor/icons.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}"/></svg>', classes, label, address
        )
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"/></svg>', classes, address)


@register.simple_tag
def badge(tone: str, icon_name: str, label: Text) -> SafeString:
    """``{% badge 'warn' 'hand-stop' _('On hold') %}``: tone ok, warn, bad, disp, info or mute, icon, word."""
    return format_html('<span class="o-bdg {}">{}{}</span>', tone, icon(icon_name), label)


@register.simple_tag
def status(code: Any, label: Text = "") -> SafeString:
    """``{% status order.status %}``: the badge of a state or finding code; ``label`` replaces its word."""
    found = badge_for(str(code))
    return badge(found.tone, found.icon, label or found.label)


# --- bars ---


@register.inclusion_tag("components/exposure_bar.html")
def exposure_bar(
    exposure: dict[str, Any],
    currency: str = "EUR",
    legend: bool = True,
    height: int = 34,
    until: date | None = None,
) -> dict[str, Any]:
    """``{% exposure_bar exposure %}``: ``exposure`` is {parts, limit, order}; see ``bars.exposure_bar``."""
    bar = bars.exposure_bar(exposure["parts"], limit=exposure.get("limit"), order=exposure.get("order"))
    return {"bar": bar, "currency": currency, "legend": legend, "height": height, "until": until} | {
        "total_height": height + (40 if bar.order else 28),
        "line_height": height + 12,
        "foot": height + 36,
    }


@register.inclusion_tag("components/ageing_bar.html")
def ageing_bar(
    buckets: Sequence[Any], currency: str = "EUR", legend: bool = True, height: int = 14
) -> dict[str, Any]:
    """``{% ageing_bar buckets %}``: list of {label, amount, url}, not due first."""
    return {"segments": bars.ageing_bar(buckets), "currency": currency, "legend": legend, "height": height}


@register.simple_tag
def mini_bar(ratio: Decimal | None, wide: bool = False) -> SafeString:
    """``{% mini_bar utilisation %}``: a small bar, red above 100 %; write the figure beside it."""
    return format_html(
        '<svg class="o-mini{}" aria-hidden="true"><rect class="p-free" width="100%" height="8"/>'
        '<rect class="{}" width="{}" height="8"/></svg>',
        " o-wide" if wide else "",
        "p-over" if ratio is not None and ratio > 1 else "p-notdue",
        bars.bar_width(ratio),
    )


@register.simple_tag
def mini_ageing(buckets: Sequence[Any]) -> SafeString:
    """``{% mini_ageing buckets %}``: the ageing of one row as a small bar."""
    drawn = format_html_join(
        "",
        '<rect class="{}" x="{}" width="{}" height="8"/>',
        ((part.css, part.x, part.width) for part in bars.ageing_bar(buckets) if part.width),
    )
    return format_html('<svg class="o-mini o-wide" aria-hidden="true">{}</svg>', drawn)


# --- pieces ---


@register.simple_tag
def crumbs(*steps: Any) -> SafeString:
    """``{% crumbs _('Clients') list_url account.code %}``: label and address in turn, the last without."""
    pairs = list(zip(steps[::2], [*steps[1::2], ""], strict=False))
    parts = [
        format_html('<a href="{}">{}</a>', url, label) if url else format_html("{}", label)
        for label, url in pairs
    ]
    return format_html('<p class="o-crumb">{}</p>', mark_safe(" › ".join(parts)))


@register.inclusion_tag("components/field.html")
def field(
    bound: BoundField, css: str = "", unit: str = "", label: Text = "", big: bool = False, quiet: bool = False
) -> dict[str, Any]:
    """``{% field form.amount %}``: label, box, unit, help and what is wrong with it; ``quiet`` omits "optional"."""
    widget = bound.field.widget
    kind = _kind_of(widget)
    unit = unit or getattr(bound.field, "unit", "")
    hints = []
    if bound.help_text:
        hints.append(f"{bound.id_for_label}_help")
    if bound.errors:
        hints.append(f"{bound.id_for_label}_error")
    classes = {"select": "form-select", "text": "form-control"}.get(kind, "")
    given = str(widget.attrs.get("class", ""))
    classes = " ".join(dict.fromkeys([*classes.split(), *given.split(), *(["err"] if bound.errors else [])]))
    attrs: dict[str, Any] = {"class": classes + (" lg" if big else "")} if classes else {}
    if hints and kind != "options":
        attrs["aria-describedby"] = " ".join(hints)
    if bound.errors:
        attrs["aria-invalid"] = "true"
    return {
        "field": bound,
        "kind": kind,
        "unit": unit,
        "css": css,
        "label": label or bound.label,
        "box": bound.as_widget(attrs=attrs) if kind != "options" else "",
        "optional": not bound.field.required and not quiet,
    }


def _kind_of(widget: Any) -> str:
    input_type = getattr(widget, "input_type", "")
    if input_type in {"radio", "checkbox"} and hasattr(widget, "choices"):
        return "options"
    if input_type == "checkbox":
        return "check"
    if input_type == "hidden":
        return "hidden"
    if input_type == "file":
        return "file"
    return "select" if input_type == "select" else "text"


@register.inclusion_tag("components/form_errors.html")
def form_errors(form: Any) -> dict[str, Any]:
    """``{% form_errors form %}``: what is wrong with the whole form, with links to the fields."""
    return {"form": form, "fields": [bound for bound in form if bound.errors] if form.is_bound else []}


@register.inclusion_tag("components/empty.html")
def empty_state(
    icon_name: str, title: Text, text: Text = "", action: Text = "", url: str = "", tone: str = ""
) -> dict[str, Any]:
    """``{% empty_state 'building-bank' _('Title') _('Text') _('Button') url %}``."""
    return {"icon_name": icon_name, "title": title, "text": text, "action": action, "url": url, "tone": tone}


@register.inclusion_tag("components/chart.html")
def chart(
    name: str, spec: dict[str, Any], label: Text, size: str = "", figures: bool = True
) -> dict[str, Any]:
    """``{% chart 'dso' spec label %}``: a drawing with its figures; keys of ``spec`` in charts.js."""
    sets = spec.get("sets", [])
    rows = [
        {"label": row_label, "values": [series["data"][index] for series in sets]}
        for index, row_label in enumerate(spec.get("labels", []))
    ]
    return {
        "name": name,
        "spec": spec,
        "label": label,
        "size": size,
        "figures": figures,
        "sets": sets,
        "rows": rows,
        "decimals": 2 if spec.get("unit", "money") == "money" else 1,
    }


@register.inclusion_tag("components/progress.html")
def progress(job: Any, url: str = "") -> dict[str, Any]:
    """``{% progress job url %}``: a line with counts that renews itself from ``url`` while it runs.

    ``job`` has ``state`` (queued, running, done, failed), ``done``, ``total``, ``message``, ``result_url``.
    """
    total = getattr(job, "total", 0) or 0
    done = getattr(job, "done", 0) or 0
    ratio = Decimal(done) / Decimal(total) if total else Decimal(0)
    return {
        "job": job,
        "url": url,
        "width": bars.bar_width(ratio),
        "running": job.state in {"queued", "running"},
    }


# --- blocks ---


class _Filled(template.Node):
    """Draws what it wraps inside an element, or nothing when it is blank."""

    child_nodelists = ("nodelist",)

    def __init__(self, nodelist: NodeList, element: str, css: str) -> None:
        self.nodelist, self.element, self.css = nodelist, element, css

    def render(self, context: Context) -> SafeString:
        inner = self.nodelist.render(context)
        if not inner.strip():
            return SafeString("")
        return SafeString(f'<{self.element} class="{self.css}">{inner}</{self.element}>')


@register.tag
def filled(parser: Parser, token: Token) -> _Filled:
    """``{% filled div act %}…{% endfilled %}``: an element of that class, only when it holds something."""
    _name, element, *classes = token.split_contents()
    nodelist = parser.parse(("endfilled",))
    parser.delete_first_token()
    return _Filled(nodelist, element, " ".join(classes))


class _Columns(template.Node):
    """One column, or two when the second holds something."""

    child_nodelists = ("main", "side")

    def __init__(self, main: NodeList, side: NodeList) -> None:
        self.main, self.side = main, side

    def render(self, context: Context) -> SafeString:
        main, side = self.main.render(context), self.side.render(context)
        stack = f'<div class="o-stack">{main}</div>'
        if not side.strip():
            return SafeString(stack)
        return SafeString(f'<div class="o-g side">{stack}<aside class="o-stack">{side}</aside></div>')


@register.tag
def columns(parser: Parser, token: Token) -> _Columns:
    """``{% columns %}…{% side %}…{% endcolumns %}``: the page beside its column of decision and facts."""
    main = parser.parse(("side",))
    parser.delete_first_token()
    side = parser.parse(("endcolumns",))
    parser.delete_first_token()
    return _Columns(main, side)


@register.simple_tag(takes_context=True)
def menu_groups(context: Context) -> Any:
    """``{% menu_groups as groups %}``: the menu with this page's entry marked."""
    frame = context.get("frame")
    return frame.groups(context.get("menu") or "") if frame is not None else ()


@register.simple_tag(takes_context=True)
def phone_bar(context: Context) -> Any:
    """``{% phone_bar as entries %}``: the entries of the phone's bottom bar."""
    frame = context.get("frame")
    return frame.phone_bar(context.get("menu") or "") if frame is not None else ()


@register.inclusion_tag("components/menu_counts.html", takes_context=True)
def menu_counts(context: Context) -> dict[str, Any]:
    """``{% menu_counts %}`` at the end of a fragment refreshes the figures of the menu out of band."""
    return {"groups": menu_groups(context)}
