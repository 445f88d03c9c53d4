"""The OpenAPI document: made once per process and language, since it changes with the code only."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers
from django.utils.translation import get_language, override
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request


@cache
def document(language: str) -> Mapping[str, Any]:
    """Return the document in a language."""
    with override(language):
        found: Mapping[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return found


@cache
def _written(language: str, media_type: str) -> tuple[bytes, str]:
    """The document as it is sent, with its mark."""
    kinds = {kind.media_type: kind for kind in SchemaView.renderer_classes}
    made = kinds[media_type]().render(document(language), media_type, {})
    content = made if isinstance(made, bytes) else made.encode()
    return content, f'"{sha256(content).hexdigest()[:32]}"'


class SchemaView(SpectacularAPIView):
    """``schema/``: YAML or JSON, as asked for."""

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Send the document, or say that the one held is still right."""
        renderer = request.accepted_renderer
        asked = request.query_params.get("lang", "")
        language = asked if asked in dict(settings.LANGUAGES) else get_language() or "en"
        content, mark = _written(language, str(renderer.media_type))
        answer = HttpResponse(
            content, content_type=f"{renderer.media_type}; charset=utf-8", headers={"ETag": mark}
        )
        name = f"openapi.{'json' if renderer.format == 'json' else 'yaml'}"
        answer["Content-Disposition"] = f'inline; filename="{name}"'
        # Whoever holds one asks whether it is still right: a new version of the portal counts at once.
        patch_cache_control(answer, private=True, no_cache=True)
        patch_vary_headers(answer, ("Accept", "Accept-Language", "Cookie"))
        found = get_conditional_response(request._request, etag=mark, response=answer)
        return answer if found is None else found
