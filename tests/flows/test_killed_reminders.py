"""Workers killed twice with ``kill -9`` while the reminders of a run leave: each leaves exactly once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from o2c.bench import sending

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

CLIENTS = int(os.environ.get("KILL_REMINDERS", "300"))


@pytest.mark.parametrize(("clients", "statements"), [(CLIENTS, False), (CLIENTS // 10, True)])
def test_every_reminder_leaves_once(
    real_broker: None, tmp_path: Path, settings: Any, clients: int, statements: bool
):
    settings.MEDIA_ROOT = Path(os.environ["PORTAL_HOME"]) / "files"
    found = sending.prove(clients, log=tmp_path / "workers.log", statements=statements)
    assert (found.letters, found.items) == (clients, clients * sending.ITEMS_EACH)
    assert (found.kills, found.wrong, found.again) == (2, 0, 0)
    assert 0 < found.peak < 300
