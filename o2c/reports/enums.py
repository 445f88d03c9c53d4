"""The vocabulary of monthly statements."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class StatementKind(models.TextChoices):
    """What a monthly statement tells."""

    CAUSES = "causes", _("Causes of disputes")
    SATISFACTION = "satisfaction", _("Satisfaction of clients")


class SubjectKind(models.TextChoices):
    """What somebody is the process owner of."""

    DEPARTMENT = "department", _("Department")
    CAUSE = "cause", pgettext_lazy("process", "Root cause")
    TOPIC = "topic", pgettext_lazy("process", "Topic of satisfaction")


# Which statement tells of which processes.
TELLS: Final = {
    SubjectKind.DEPARTMENT: StatementKind.CAUSES,
    SubjectKind.CAUSE: StatementKind.CAUSES,
    SubjectKind.TOPIC: StatementKind.SATISFACTION,
}
