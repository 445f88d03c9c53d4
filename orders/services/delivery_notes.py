"""Delivery notes: drawn when they are first asked for, kept as they left."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction

from ..delivery_paper import delivery_note_pdf
from ..models import Delivery, DeliveryNote
from ..paper import language_of


def delivery_note(*, delivery: Delivery, at: datetime) -> DeliveryNote:
    """The note of a delivery: the one that is kept, or drawn now and kept for good.

    :param delivery: one the asker may see
    """
    found = DeliveryNote.objects.filter(delivery=delivery).first()
    if found is not None:
        return found
    drawn = delivery_note_pdf(delivery)
    sha256 = hashlib.sha256(drawn).hexdigest()
    try:
        with transaction.atomic():
            return DeliveryNote.objects.create(
                delivery=delivery,
                language=language_of(delivery.order.account),
                file=ContentFile(drawn, name=f"{sha256}.pdf"),
                sha256=sha256,
                size=len(drawn),
                made_at=at,
            )
    except IntegrityError:  # somebody else asked at the same moment: that one is the note
        return DeliveryNote.objects.get(delivery=delivery)
