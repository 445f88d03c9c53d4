"""What the translation check complains about, and that it reads the whole tree."""

from __future__ import annotations

import shutil
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from o2c.shared.management.commands.check_translations import complaints

CATALOGUE = """
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

#: orders/enums.py
msgid "Order"
msgstr "Commande"

#: orders/enums.py
msgid "Hold"
msgstr ""

#: orders/enums.py
#, fuzzy
msgid "Release"
msgstr "Libérer"

#: orders/views.py
msgid "One order"
msgid_plural "%(count)s orders"
msgstr[0] "Une commande"
msgstr[1] ""

#~ msgid "Gone"
#~ msgstr "Parti"
"""


def test_every_kind_of_gap_is_named_with_its_place() -> None:
    assert complaints(read_po(BytesIO(CATALOGUE.encode()))) == [
        "missing: 'Hold' (orders/enums.py)",
        "to be confirmed (fuzzy): 'Release' (orders/enums.py)",
        "missing: 'One order' (orders/views.py)",
        "no longer used: 'Gone'",
    ]


@pytest.mark.skipif(not shutil.which("xgettext"), reason="needs gettext")
def test_a_new_text_is_found_and_the_tree_is_left_alone(tmp_path: Path, settings: LazySettings) -> None:
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "views.py").write_text(
        'from x import gettext as _\n_("A text nobody translated")\n'
    )
    settings.BASE_DIR = tmp_path
    errors = StringIO()
    with pytest.raises(CommandError, match="need a hand: 1 "):
        call_command("check_translations", stderr=errors)
    assert errors.getvalue() == "missing: 'A text nobody translated' (orders/views.py)\n"
    assert not (tmp_path / "locale").exists()
