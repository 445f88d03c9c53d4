"""The OpenAPI document: made once per process and language, since it changes with the code only."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from typing import Any, Final

from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers
from django.utils.translation import get_language, override
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request

# As long as the code is the same the document is; whoever holds one asks whether it still is.
_FRESH: Final = 300


@cache
def document(language: str) -> Mapping[str, Any]:
    """Return the document in a language."""
    with override(language):
        found: Mapping[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return found


@cache
def _written(language: str, renderer: type[Any]) -> tuple[bytes, str]:
    """The document as it is sent, with its mark."""
    content = renderer().render(document(language), renderer.media_type, {})
    return content, f'"{sha256(content).hexdigest()[:32]}"'


class SchemaView(SpectacularAPIView):
    """``schema/``: YAML or JSON, as asked for."""

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Send the document, or say that the one held is still right."""
        renderer = request.accepted_renderer
        asked = request.query_params.get("lang", "")
        language = asked if asked in dict(settings.LANGUAGES) else get_language() or "en"
        content, mark = _written(language, type(renderer))
        answer: HttpResponseBase = HttpResponse(
            content, content_type=f"{renderer.media_type}; charset=utf-8", headers={"ETag": mark}
        )
        name = f"openapi.{'json' if renderer.format == 'json' else 'yaml'}"
        answer["Content-Disposition"] = f'inline; filename="{name}"'
        patch_cache_control(answer, private=True, max_age=_FRESH)
        patch_vary_headers(answer, ("Accept", "Accept-Language", "Cookie"))
        found: HttpResponseBase = (
            get_conditional_response(request._request, etag=mark, response=answer) or answer
        )
        return found
