"""The acts on users, companies and clients."""

from __future__ import annotations

from .bulk import AccountRow, ensure_accounts
from .clients import (
    AccountFields,
    BeyondLegalCap,
    ChangedMeanwhile,
    ContactFields,
    Effect,
    MovesCredit,
    SavedAccount,
    change_account,
    open_account,
    upsert_account,
)
from .companies import create_company, grant_role, revoke_role, store_roles
from .membership import assign_rep, move_entity, move_group
from .rates import RateRow, record_rates
from .substitutes import end_substitution, name_substitute, own_authority
from .team import add_member, end_member

__all__ = [
    "AccountFields",
    "AccountRow",
    "BeyondLegalCap",
    "ChangedMeanwhile",
    "ContactFields",
    "Effect",
    "MovesCredit",
    "RateRow",
    "SavedAccount",
    "add_member",
    "assign_rep",
    "change_account",
    "create_company",
    "end_member",
    "end_substitution",
    "ensure_accounts",
    "grant_role",
    "move_entity",
    "move_group",
    "name_substitute",
    "open_account",
    "own_authority",
    "record_rates",
    "revoke_role",
    "store_roles",
    "upsert_account",
]
