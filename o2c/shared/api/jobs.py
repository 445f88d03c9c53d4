"""Work in the background, to be asked for until it is done."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from o2c.shared import work
from o2c.shared.models import Work
from o2c.shared.problems import NotFound

from .views import Edge


class JobAnswer(serializers.Serializer[Any]):
    """How far a piece of work is."""

    id = serializers.IntegerField()
    kind = serializers.CharField()
    state = serializers.ChoiceField(Work.State.choices)
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    message = serializers.CharField(allow_blank=True)
    result = serializers.DictField()
    result_url = serializers.CharField(allow_null=True)


class JobView(Edge):
    """A piece of work that this user asked for."""

    @extend_schema(responses=JobAnswer)
    def get(self, request: Request, pk: int) -> Response:
        """How far it is, and what came of it.

        :raises NotFound: there is none, or somebody else asked for it
        """
        found = Work.objects.filter(pk=pk, requested_by_id=request.user.pk).first()
        if found is None:
            raise NotFound
        return Response(job_answer(_last_piece(found)) | {"id": found.pk})


def _last_piece(row: Work) -> Work:
    """Long work goes on in further rows; the last one knows how far it is."""
    total = row.total
    while following := row.result.get("continued_by"):
        row = Work.objects.get(pk=following)
        if row.state in {Work.State.QUEUED, Work.State.RUNNING}:
            # It stands where the piece before it ended.
            row.state, row.done, row.total = Work.State.RUNNING, row.payload["start"], total
            row.result = row.payload["counts"]
    return row


def job_answer(row: Work) -> dict[str, Any]:
    """A piece of work as the API shows it."""
    return {
        "id": row.pk,
        "kind": row.kind,
        **work.progress(row),
        "result": row.result,
        "result_url": row.result.get("result_url"),
    }
