"""Scenarios: which steps a client goes through when it does not pay, on which day, by which channel (domain.md 6.1)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.enums import ContactRole, RiskClass
from accounts.models import Company, CustomerAccount

from .enums import StepChannel, StepOwner


class DunningScenario(models.Model):
    """The steps of a company's clients, of those of one risk class, or of one client; the narrowest counts.

    :ivar automatic_until: steps up to this number leave without anybody looking; None: none does
    :ivar formal_days: the delay a formal notice leaves
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="dunning_scenarios")
    risk_class = models.CharField(_("risk class"), max_length=1, choices=RiskClass.choices, blank=True)
    account = models.ForeignKey(
        CustomerAccount, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    name = models.CharField(_("name"), max_length=80)
    is_active = models.BooleanField(_("in use"), default=True)
    grace_days = models.PositiveSmallIntegerField(_("days of grace"), default=2)
    min_amount = models.DecimalField(_("smallest amount"), max_digits=12, decimal_places=2, default=15)
    min_gap_days = models.PositiveSmallIntegerField(_("days between two contacts"), default=5)
    # So many contacts with one client within thirty days, whatever its documents; None: as many as there are.
    most_contacts = models.PositiveSmallIntegerField(
        _("most contacts within thirty days"), null=True, blank=True
    )
    formal_days = models.PositiveSmallIntegerField(_("days left by a formal notice"), default=8)
    automatic_until = models.PositiveSmallIntegerField(
        _("sent without review up to step"), null=True, blank=True
    )

    class Meta:
        ordering = ["company", "risk_class", "account", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["company", "risk_class", "account"],
                condition=Q(is_active=True),
                nulls_distinct=False,
                name="one_scenario_in_use_of_each",
            ),
            models.CheckConstraint(
                condition=Q(account=None) | Q(risk_class=""), name="scenario_of_client_or_class"
            ),
            models.CheckConstraint(
                condition=Q(automatic_until=None) | Q(automatic_until__lte=2),
                name="only_friendly_steps_leave_alone",
            ),
            models.CheckConstraint(
                condition=Q(most_contacts=None) | Q(most_contacts__gte=1), name="scenario_allows_a_contact"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class DunningStep(models.Model):
    """One step of a scenario.

    :ivar day: days after the due date; negative before it
    :ivar min_amount: smaller items are passed over at this step, unless the client is on watch
    :ivar quotes_penalties: names interest and indemnities to date
    :ivar is_formal: a formal notice (mise en demeure), signed by the finance director
    """

    scenario = models.ForeignKey(DunningScenario, on_delete=models.CASCADE, related_name="steps")
    number = models.PositiveSmallIntegerField(_("step"))
    day = models.SmallIntegerField(_("day"))
    channel = models.CharField(_("channel"), max_length=10, choices=StepChannel.choices)
    owner = models.CharField(_("owner"), max_length=8, choices=StepOwner.choices, default=StepOwner.ADV)
    contact = models.CharField(
        _("contact"), max_length=20, choices=ContactRole.choices, default=ContactRole.ACCOUNTS_PAYABLE
    )
    min_amount = models.DecimalField(_("from amount"), max_digits=12, decimal_places=2, default=0)
    quotes_penalties = models.BooleanField(_("names penalties"), default=False)
    attaches_invoices = models.BooleanField(_("with invoices and statement"), default=False)
    is_formal = models.BooleanField(_("formal notice"), default=False)
    subject_fr = models.CharField(_("subject, French"), max_length=150, blank=True)
    body_fr = models.TextField(_("text, French"), blank=True)
    subject_en = models.CharField(_("subject, English"), max_length=150, blank=True)
    body_en = models.TextField(_("text, English"), blank=True)

    class Meta:
        ordering = ["scenario", "number"]
        constraints = [
            models.UniqueConstraint(fields=["scenario", "number"], name="scenario_step_once"),
            models.CheckConstraint(condition=Q(number__lte=9), name="scenario_step_number"),
            models.CheckConstraint(
                condition=Q(day__gte=-60, day__lte=400), name="scenario_step_day_within_reason"
            ),
            models.CheckConstraint(
                condition=Q(channel__in=["call", "file"])
                | ~Q(body_fr="")
                & ~Q(body_en="")
                & (Q(channel="sms") | ~Q(subject_fr="") & ~Q(subject_en="")),
                name="scenario_step_with_its_text",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scenario_id}: {self.number}"
