"""Words that a note on a client should not hold, in French and in English (domain.md 10; GDPR articles 5 and 9).

Folded as ``search_key`` folds: lower case, no accents, one blank between words. A plural in -s counts too. Words with
an everyday meaning in business stand only inside of phrases: "politique de crédit", "syndicat des eaux", "en bonne
santé financière" and "family business" are no matter of a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .enums import RiskyKind

RISKY: Final[Mapping[RiskyKind, tuple[str, ...]]] = {
    RiskyKind.HEALTH: (
        "malade", "maladie", "arret maladie", "conge maladie", "depressif", "depressive", "depression nerveuse",
        "en depression", "burn out", "burnout", "cancer", "hospitalise", "hospitalisee", "hospitalisation",
        "handicap", "handicape", "handicapee", "alcoolique", "alcoolisme", "toxicomane", "probleme de sante",
        "problemes de sante", "ennuis de sante", "etat de sante", "raison de sante", "raisons de sante", "sa sante",
        "est enceinte", "grossesse", "sick", "sick leave", "illness", "is ill", "is depressed", "hospitalised",
        "hospitalized", "in hospital", "disability", "alcoholic", "addict", "health problem", "health issue",
        "health reason", "his health", "her health", "ill health", "poor health", "state of health", "pregnant",
        "pregnancy",
    ),
    RiskyKind.FAMILY: (
        "divorce", "divorcee", "son epouse", "sa femme", "son mari", "ses enfants", "son fils", "sa fille",
        "sa maitresse", "son amant", "concubin", "concubine", "veuf", "veuve", "vie privee", "situation familiale",
        "problemes familiaux", "problemes de famille", "vie de famille", "divorced", "his wife", "her husband",
        "his children", "her children", "his son", "her son", "his daughter", "her daughter", "love affair", "widow",
        "widower", "private life", "family problem", "family situation",
    ),
    RiskyKind.RELIGION: (
        "religion", "religieux", "religieuse", "catholique", "musulman", "musulmane", "juif", "juive", "bouddhiste",
        "ramadan", "athee", "religious", "catholic", "muslim", "jewish", "jew", "buddhist", "atheist",
    ),
    RiskyKind.POLITICS: (
        "opinion politique", "opinions politiques", "parti politique", "politiquement", "extreme droite",
        "extreme gauche", "gauchiste", "communiste", "fasciste", "political opinion", "political party", "far right",
        "far left", "communist", "fascist", "left wing", "right wing",
    ),
    RiskyKind.UNION: (
        "syndicaliste", "syndique", "syndiquee", "delegue syndical", "deleguee syndicale", "cgt", "cfdt",
        "trade union", "trade unionist", "union member", "union rep",
    ),
    RiskyKind.ORIGIN: (
        "origine ethnique", "origines ethniques", "homosexuel", "homosexuelle", "lesbienne", "gitan", "gitane",
        "ethnic origin", "homosexual", "lesbian", "gypsy",
    ),
    RiskyKind.INSULT: (
        "idiot", "idiote", "imbecile", "cretin", "cretine", "connard", "connasse", "salaud", "salope", "abruti",
        "abrutie", "debile", "escroc", "voleur", "voleuse", "menteur", "menteuse", "malhonnete", "incompetent",
        "incompetente", "stupide", "fou furieux", "folle furieuse", "moron", "bastard", "asshole", "crook", "thief",
        "thieves", "liar", "dishonest", "stupid",
    ),
    RiskyKind.OPINION: (
        "je pense que", "je trouve que", "je crois que", "a mon avis", "selon moi", "antipathique", "desagreable",
        "odieux", "odieuse", "prend pour", "i think", "i feel", "i believe", "in my opinion", "i guess", "unpleasant",
        "arrogant", "arrogante",
    ),
}  # fmt: skip
