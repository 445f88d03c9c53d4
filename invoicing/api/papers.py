"""``papers/check/``: a paper of the company's own, checked for what the law wants on it. Nothing of it is kept."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyEdge
from invoicing.mentions import policy, reading
from invoicing.mentions.enums import Found, Paper, Weight
from invoicing.mentions.policy import Finding, Ours
from invoicing.mentions.queries import checked, ours, place_of, remedy_of
from o2c.shared.calendar import paris_date
from o2c.shared.problems import Invalid, NotAllowed

_RIGHT = "invoicing.view"


class PaperFile(serializers.Serializer[Any]):
    """The file, PDF or DOCX with words in it, and what it is."""

    paper = serializers.ChoiceField(Paper.choices)
    file = serializers.FileField()


class MentionAnswer(serializers.Serializer[Any]):
    """One mention: whether it was found, where it stands or usually does, and what to write."""

    code = serializers.CharField()
    title = serializers.CharField()
    found = serializers.ChoiceField(Found.choices)
    weight = serializers.ChoiceField(Weight.choices)
    place = serializers.CharField()
    around = serializers.CharField(help_text="The words about it; empty where nothing like it is written.")
    doubt = serializers.CharField()
    remedy = serializers.CharField()
    source = serializers.CharField(help_text="The text of the law.")  # type: ignore[assignment]


class PaperAnswer(serializers.Serializer[Any]):
    """What was found: how many mentions the law asks for are missing, how many are doubtful, then each."""

    paper = serializers.ChoiceField(Paper.choices)
    missing = serializers.IntegerField()
    doubtful = serializers.IntegerField()
    findings = MentionAnswer(many=True)


class CheckPaperView(CompanyEdge):
    """Check a paper."""

    parser_classes = [MultiPartParser]
    acts = {"post": _RIGHT}

    @extend_schema(request=PaperFile, responses=PaperAnswer)
    def post(self, request: Request) -> Response:
        """Every mention of this kind of paper, what the law asks for and is missing first.

        :raises Invalid: no file, or no kind of paper
        :raises UnreadablePaper: and the other refusals of files that hold no words that can be read
        """
        if not self.user.may(_RIGHT, self.company):
            raise NotAllowed
        upload = request.FILES.get("file")
        if upload is None:
            raise Invalid(errors={"file": [_("Choose a file.")]})
        body = self.read(PaperFile)
        if (upload.size or 0) > reading.LARGEST:
            raise reading.PaperTooLarge
        paper, known = Paper(body["paper"]), ours(self.company, on=paris_date(self.at))
        findings = checked(upload.read(), paper, known)
        missing, doubtful = policy.verdict(findings)
        rows = [_answer(finding, known) for finding in findings]
        return Response({"paper": paper, "missing": missing, "doubtful": doubtful, "findings": rows})


def _answer(finding: Finding, known: Ours) -> dict[str, Any]:
    mention, spot = finding.mention, finding.spot
    return {
        "code": mention.code,
        "title": str(mention.title),
        "found": finding.found,
        "weight": finding.weight,
        "place": place_of(finding),
        "around": spot.around if spot else "",
        "doubt": str(finding.doubt),
        "remedy": remedy_of(finding, known),
        "source": mention.source,
    }
