"""The edge of the API that every application shares: who is asking, problems, exact numbers, replays, lists.

Nothing here names an application; ``accounts/api/base.py`` adds company and client. Only what the settings name
stands in this file: the framework reads them while its own views are still being imported.
"""

from __future__ import annotations

from .authentication import SessionAuthentication, TokenAuthentication
from .lists import Pages
from .problems import problem_handler

__all__ = ["Pages", "SessionAuthentication", "TokenAuthentication", "problem_handler"]
