"""The month of what clients think of us: an index per client and topic from calls (domain.md 7.5)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Company, User
from dunning.enums import CallTopic
from dunning.policy import DISPLEASED
from dunning.queries.satisfaction import Answer, answers_between
from o2c.shared import formats
from o2c.shared.calendar import add_months, end_of_month

from ..enums import SubjectKind
from ..files import Paper, Sheet
from .causes import month_name, subject_label

_NAMED: Final = 5


class Index(NamedTuple):
    """What some answers come to.

    :ivar answers: how many
    :ivar low: of these, scores that ask for somebody's call (``DISPLEASED`` and below)
    :ivar mean: from 1 to 5; None of no answer
    """

    answers: int
    low: int
    mean: Decimal | None


@dataclass(frozen=True)
class Line:
    """One client and topic in a month."""

    code: str
    name: str
    topic: CallTopic
    now: Index
    before: Index


def index_of(answers: Sequence[Answer]) -> Index:
    """Mean and count of some answers."""
    scores = [answer.score for answer in answers]
    mean = Decimal(sum(scores)) / len(scores) if scores else None
    return Index(len(scores), sum(score <= DISPLEASED for score in scores), mean)


@dataclass(frozen=True)
class SatisfactionStatement:
    """What one owner is told of one month: answers about its topics by clients it may see."""

    company: Company
    month: date
    subjects: Sequence[tuple[str, str]]
    now: Sequence[Answer]
    before: Sequence[Answer]

    def title(self) -> str:
        """What it is, in the language in force."""
        return _("Satisfaction of clients, %(month)s") % {"month": month_name(self.month)}

    def figures(self) -> dict[str, Any]:
        """What is kept of it."""
        whole, before = index_of(self.now), index_of(self.before)
        return {
            "answers": whole.answers,
            "low": whole.low,
            "index": _text(whole.mean),
            "index_before": _text(before.mean),
            "clients": len({answer.code for answer in self.now}),
            "topics": [
                {
                    "code": topic.value,
                    "answers": index.answers,
                    "low": index.low,
                    "index": _text(index.mean),
                    "index_before": _text(earlier.mean),
                }
                for topic, index, earlier in self.topics()
            ],
        }

    def topics(self) -> list[tuple[CallTopic, Index, Index]]:
        """Each topic of the owner that was spoken of, this month and the month before, the lowest first."""
        rows = [
            (topic, index_of(_about(self.now, topic)), index_of(_about(self.before, topic)))
            for topic in CallTopic
        ]
        told = [row for row in rows if row[1].mean is not None]
        return sorted(told, key=lambda row: (row[1].mean, row[0]))

    def by_client(self) -> list[Line]:
        """Each client and topic that was spoken of, the lowest index first."""
        pairs = {(answer.code, answer.name, answer.topic) for answer in self.now}
        lines = [
            Line(
                code, name, topic,
                index_of([each for each in self.now if (each.code, each.topic) == (code, topic)]),
                index_of([each for each in self.before if (each.code, each.topic) == (code, topic)]),
            )
            for code, name, topic in pairs
        ]  # fmt: skip
        return sorted(lines, key=lambda line: (line.now.mean, -line.now.answers, line.code, line.topic))

    def facts(self, language: str) -> list[tuple[str, str]]:
        """The figures as label and value, written for a reader."""
        whole, before = index_of(self.now), index_of(self.before)
        return [
            (_("Covers"), ", ".join(subject_label(*subject) for subject in self.subjects)),
            (_("Answers"), formats.number(whole.answers, language)),
            (_("Index from 1 to 5"), _with_before(whole.mean, before.mean, language)),
            (_("Low scores (1 or 2)"), formats.number(whole.low, language)),
        ]

    def lines(self, language: str) -> list[str]:
        """The words of its message."""
        said = [self.title(), ""]
        said += [
            _("%(label)s: %(value)s") % {"label": label, "value": value}
            for label, value in self.facts(language)
        ]
        if topics := self.told_topics(language):
            said += ["", _("By topic, the lowest first:"), *(f"- {line}" for line in topics)]
        if low := [line for line in self.by_client() if line.now.low][:_NAMED]:
            said += ["", _("Least content:")]
            said += [
                "- "
                + _("%(label)s: %(value)s")
                % {"label": f"{line.name}, {line.topic.label}", "value": _mean(line.now.mean, language)}
                for line in low
            ]
        return [*said, "", _("Every client and topic is in the files that go with this message.")]

    def told_topics(self, language: str) -> list[str]:
        """Each topic in a line."""
        return [
            _("%(topic)s: %(index)s, %(answers)s")
            % {
                "topic": topic.label,
                "index": _with_before(index.mean, before.mean, language),
                "answers": ngettext("%(n)d answer", "%(n)d answers", index.answers) % {"n": index.answers},
            }
            for topic, index, before in self.topics()
        ]

    def stem(self) -> str:
        """The name of its files without their ending."""
        return "_".join((_("satisfaction"), self.company.code, f"{self.month:%Y-%m}"))

    def sheet(self) -> Sheet:
        """A line per client and topic, and the same on paper."""
        rows = self.by_client()
        return Sheet(
            company=self.company,
            name=lambda: _("Satisfaction"),
            stem=self.stem,
            header=_header,
            kinds=["text", "text", "text", "number", "number", "number", "number"],
            lines=lambda: _rows(rows),
            count=len(rows),
            contract=lambda: self.figures() | {"rows": []},
            records=lambda: ({"account": line.code, "topic": line.topic.value} for line in rows),
            paper=lambda language: self._paper(rows, language),
        )

    def _paper(self, rows: Sequence[Line], language: str) -> Paper:
        return Paper(
            title=self.title(),
            facts=self.facts(language),
            header=[
                (_("Client"), False), (_("Topic"), True), (_("Answers"), True), (_("Index from 1 to 5"), True),
                (_("Month before"), True), (_("Low scores (1 or 2)"), True),
            ],
            lines=(
                [
                    f"{line.name} · {line.code}", str(line.topic.label), str(line.now.answers),
                    _mean(line.now.mean, language), _mean(line.before.mean, language), str(line.now.low),
                ]
                for line in rows
            ),
            foot=[],
            control=self.told_topics(language) or [_("Nobody was asked in this month.")],
        )  # fmt: skip


def satisfaction_statement(
    *, company: Company, month: date, owner: User, subjects: Sequence[tuple[str, str]]
) -> SatisfactionStatement:
    """Read what an owner is told of a month: the scores of calls about its topics, with clients it may see."""
    topics = {subject for kind, subject in subjects if kind == SubjectKind.TOPIC}
    before = add_months(month, -1)
    return SatisfactionStatement(
        company=company,
        month=month,
        subjects=subjects,
        now=_of_topics(answers_between(owner, company, month, end_of_month(month)), topics),
        before=_of_topics(answers_between(owner, company, before, month - timedelta(days=1)), topics),
    )


def _of_topics(answers: Iterable[Answer], topics: Collection[str]) -> list[Answer]:
    return [answer for answer in answers if answer.topic in topics]


def _about(answers: Sequence[Answer], topic: CallTopic) -> list[Answer]:
    return [answer for answer in answers if answer.topic == topic]


def _header() -> list[str]:
    return [
        _("Client code"), _("Client"), _("Topic"), _("Answers"), _("Index from 1 to 5"), _("Month before"),
        _("Low scores (1 or 2)"),
    ]  # fmt: skip


def _rows(lines: Sequence[Line]) -> Iterator[list[Any]]:
    for line in lines:
        yield [
            line.code, line.name, str(line.topic.label), line.now.answers, _rounded(line.now.mean),
            "" if line.before.mean is None else _rounded(line.before.mean), line.now.low,
        ]  # fmt: skip


def _rounded(mean: Decimal | None) -> Decimal | None:
    return None if mean is None else round(mean, 2)


def _text(mean: Decimal | None) -> str | None:
    return None if mean is None else f"{mean:.2f}"


def _mean(mean: Decimal | None, language: str) -> str:
    return formats.NOTHING if mean is None else formats.number(mean, language, decimals=1)


def _with_before(now: Decimal | None, before: Decimal | None, language: str) -> str:
    if before is None:
        return _mean(now, language)
    told = _("(month before: %(before)s)") % {"before": _mean(before, language)}
    return f"{_mean(now, language)} {told}"
