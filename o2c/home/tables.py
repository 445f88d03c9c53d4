"""The journal and the outbox as lists."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from o2c.shared import formats
from o2c.shared.models import AuditEvent, OutboxMessage
from o2c.shared.tables import Column, DateColumn, StatusColumn, Table, TextColumn
from o2c.shared.templatetags.o2c import icon

from . import words


class JournalTable(Table):
    """One row an act."""

    title = Column(accessor="action", order_by=("action", "-at"), verbose_name=gettext_lazy("Act"))
    action = TextColumn(export_only=True, verbose_name=gettext_lazy("Code"))
    object_label = TextColumn(export_only=True, verbose_name=gettext_lazy("Object"))
    at = DateColumn(order_by=("at", "pk"), phone="right", css="o-n o-nw", verbose_name=gettext_lazy("When"))
    actor = Column(phone="full", empty_values=(), verbose_name=gettext_lazy("Who"), order_by="actor")
    client = Column(accessor="client_name", phone="hide", verbose_name=gettext_lazy("Client"))
    reason = Column(phone="full", default="", verbose_name=gettext_lazy("Why"))
    change = Column(
        accessor="pk", phone="full", orderable=False, verbose_name=gettext_lazy("Before and after")
    )

    class Meta:
        model = AuditEvent
        fields = ()

    def render_title(self, record: Any) -> SafeString:
        """Draw the act in words, linked to what it was about."""
        look, text = words.words_of(record.action), words.title_of(record)
        address = words.address_of(record, record.client_code)
        name = format_html('<a class="c" href="{}">{}</a>', address, text) if address else text
        return format_html('<span class="o-row t"><span class="o-{}">{}</span><span>{}</span></span>',
                           look.tone or "2", icon(look.icon, "s"), name)  # fmt: skip

    def value_title(self, record: Any) -> str:
        """The act in words."""
        return words.title_of(record)

    def render_actor(self, record: Any) -> str:
        """Draw the name; the portal itself has none."""
        return str(record.actor_name or words.name_of(record.actor))

    def value_actor(self, record: Any) -> str:
        """The user name in files."""
        return str(record.actor)

    def render_client(self, record: Any) -> SafeString | str:
        """Draw the client as a link."""
        if not record.client_code:
            return formats.NOTHING
        return format_html(
            '<a href="{}">{}</a>', reverse("accounts:detail", args=[record.client_code]), record.client_name
        )

    def render_change(self, record: Any) -> SafeString | str:
        """Draw what was before and is after, folded when there is much of it."""
        before, after = dict(words.facts_of(record.before)), words.facts_of(record.after)
        if not after and not before:
            return formats.NOTHING
        lines = [(name, before.get(name), value) for name, value in after]
        lines += [(name, value, formats.NOTHING) for name, value in before.items() if name not in dict(after)]
        drawn = format_html_join(
            "",
            "<dt>{}</dt><dd>{}{}</dd>",
            ((name, format_html("{} → ", old) if old is not None else "", new) for name, old, new in lines),
        )
        summary = lines[0][2] if len(lines) == 1 else _("%(n)d facts") % {"n": len(lines)}
        return format_html(
            '<details class="o-alt-t"><summary>{}</summary><dl class="o-dl l">{}</dl></details>',
            summary,
            drawn,
        )

    def value_change(self, record: Any) -> str:
        """Before and after as text in files."""
        after = "; ".join(f"{name}: {value}" for name, value in words.facts_of(record.after))
        before = "; ".join(f"{name}: {value}" for name, value in words.facts_of(record.before))
        return f"{before} → {after}" if before else after


class OutboxTable(Table):
    """One row a message."""

    subject = Column(verbose_name=gettext_lazy("Subject"))
    to = Column(phone="full", order_by="to", verbose_name=gettext_lazy("To"))
    channel = Column(
        accessor="get_channel_display", order_by="channel", phone="hide", verbose_name=gettext_lazy("Channel")
    )
    kind = TextColumn(export_only=True, verbose_name=gettext_lazy("Kind"))
    created_at = DateColumn(
        order_by=("created_at", "pk"), phone="right", css="o-n o-nw", verbose_name=gettext_lazy("Written")
    )
    sent_at = DateColumn(phone="hide", css="o-n o-nw", verbose_name=gettext_lazy("Sent"))
    state = StatusColumn(accessor="look", order_by="state", phone="right", verbose_name=gettext_lazy("State"))

    class Meta:
        model = OutboxMessage
        fields = ()

    def render_subject(self, record: Any) -> SafeString:
        """Draw the link."""
        return format_html(
            '<a class="c" href="{}">{}</a>', reverse("outbox_message", args=[record.pk]), record.subject
        )

    def render_to(self, record: Any) -> str:
        """Draw who gets it: the person, else the address."""
        return str(record.user.label() if record.user else record.to)

    def value_to(self, record: Any) -> str:
        """The address in files."""
        return str(record.to)
