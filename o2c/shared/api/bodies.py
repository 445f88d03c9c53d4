"""Bodies: JSON whose numbers stay exact, fields that take them, and the hash that tells two bodies apart."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NoReturn

from django.db.models import Model
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.request import Request

_PLAIN: Final = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?", re.ASCII)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


class ExactJSONParser(JSONParser):
    """JSON whose numbers are read as ``Decimal`` from their own text, so that no amount passes through a float."""

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Read one body.

        :raises ParseError: not JSON, not UTF-8, NaN and its like, nested too deeply
        """
        try:
            return json.loads(
                stream.read().decode("utf-8-sig"), parse_float=Decimal, parse_constant=_no_constant
            )
        except (ValueError, RecursionError, InvalidOperation) as error:
            raise ParseError(_("This is not JSON: %(error)s") % {"error": error}) from error


class ExactDecimalField(serializers.DecimalField):
    """A number written as text (``"12.50"``) or as an exact JSON number; never a float.

    Zeros beyond the places kept are nothing: ``12.500`` is taken where two decimals are kept, ``12.505`` is not.
    """

    def to_internal_value(self, data: Any) -> Decimal:
        """Read the number.

        :raises ValidationError: not a plain number, or too long
        """
        if isinstance(data, bool) or not isinstance(data, str | int | Decimal):
            self.fail("invalid")
        if isinstance(data, str):
            if not _PLAIN.fullmatch(data.strip()):
                self.fail("invalid")
            data = Decimal(data.strip())
        return super().to_internal_value(_trimmed(Decimal(data), self.decimal_places or 0))


def _trimmed(value: Decimal, places: int) -> Decimal:
    """``value`` without needless zeros behind its last place kept; unchanged when it is not plain."""
    if not value.is_finite() or abs(value.adjusted()) > 60:
        return value
    shorter = value.quantize(Decimal(1).scaleb(-places)) if value.adjusted() < 20 else value
    return shorter if shorter == value else value


def amount_field(**options: Any) -> ExactDecimalField:
    """An amount of money: at most 12 digits before the point, two after."""
    return ExactDecimalField(max_digits=14, decimal_places=2, **options)


def quantity_field(**options: Any) -> ExactDecimalField:
    """A quantity with three decimals."""
    return ExactDecimalField(max_digits=14, decimal_places=3, **options)


def price_field(**options: Any) -> ExactDecimalField:
    """A unit price with four decimals."""
    return ExactDecimalField(max_digits=14, decimal_places=4, **options)


def rate_field(**options: Any) -> ExactDecimalField:
    """A percentage from 0 to 100 with two decimals."""
    return ExactDecimalField(max_digits=5, decimal_places=2, min_value=0, max_value=100, **options)


class KeyField(serializers.CharField):
    """A natural key of a document: part of an address, so without control characters and surrounding slashes."""

    default_error_messages = {
        "key": _("Letters, figures, blanks and the usual signs; no slash at either end.")
    }

    def to_internal_value(self, data: Any) -> str:
        """Read the key.

        :raises ValidationError: characters that no address can carry
        """
        text = super().to_internal_value(data)
        if not text.isprintable() or text.startswith("/") or text.endswith("/") or text in {".", ".."}:
            self.fail("key")
        return text


class CurrencyField(serializers.RegexField):
    """A currency by its three letters (ISO 4217)."""

    def __init__(self, **options: Any) -> None:
        super().__init__(r"^[A-Z]{3}$", **options)


def read_body(shape: type[serializers.BaseSerializer[Any]], data: Any, **options: Any) -> Any:
    """A body as its serializer understands it.

    :raises ValidationError: per field what is wrong
    """
    serializer = shape(data=data, **options)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


def body_hash(body: Mapping[str, Any], *, without: Sequence[str] = ("submit",)) -> str:
    """The hash of a normalised creation body (contract §3): what is empty or left out counts the same.

    :param body: what a serializer validated: numbers, dates and rows, not their texts
    """
    kept = {key: value for key, value in body.items() if key not in without}
    return hashlib.sha256(
        json.dumps(_normal(kept), sort_keys=True, separators=(",", ":")).encode()
    ).hexdigest()


def _normal(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _normal(inner) for key, inner in value.items() if inner is not None and inner != ""}
    if isinstance(value, list | tuple):
        return [_normal(inner) for inner in value]
    if isinstance(value, Decimal):
        return format(value.normalize(), "f") if value else "0"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Model):
        return f"{value._meta.label_lower}:{value.pk}"
    return value


def read_date(request: Request, name: str) -> date | None:
    """A day from the address; None when it is not given.

    :raises ValidationError: it is no date
    """
    text = request.query_params.get(name)
    if not text:
        return None
    try:
        return serializers.DateField().run_validation(text)
    except serializers.ValidationError as error:
        raise serializers.ValidationError({name: error.detail}) from error


def plain_number(value: Decimal, *, places: int = 0) -> str:
    """A quantity, price or rate as text: at least ``places`` decimals, no needless zeros behind them."""
    text = format(value, "f")
    whole, _point, decimals = text.partition(".")
    kept = decimals.rstrip("0").ljust(places, "0")
    return f"{whole}.{kept}" if kept else whole
