"""What the people of the demonstration company have noted about its clients."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from accounts.models import CustomerAccount, User
from accounts.queries import rep_of
from credit.notes.enums import NoteKind, NoteTopic, NoteWeight
from credit.notes.services import Content, withdraw_note, write_note

from .clients import PLAIN

K, T, W = NoteKind, NoteTopic, NoteWeight
_REP: Final = "rep"


class _Said(NamedTuple):
    """One note: about which client, by whom, how many days ago, what."""

    place: int
    by: str
    days: int
    kind: NoteKind
    text: str
    topic: NoteTopic | str = ""
    weight: NoteWeight = W.NEUTRAL
    source: str = ""
    url: str = ""


_SAID: Final = (
    _Said(
        0,
        _REP,
        3,
        K.MARKET,
        "Perd le marché de la communauté d’agglomération, un cinquième de ses ventes selon l’acheteur.",
        T.CUSTOMER_LOST,
        W.WORRYING,
        "Visite du dépôt",
    ),
    _Said(
        0,
        "adv",
        20,
        K.BUSINESS,
        "Bons de commande envoyés par le portail depuis le 1er du mois : le joindre à chaque facture.",
    ),
    _Said(
        1,
        _REP,
        9,
        K.MARKET,
        "Nouvelle directrice financière depuis septembre ; l’ancien accord de paiement est confirmé.",
        T.MANAGEMENT,
        W.NEUTRAL,
        "Appel de l’assistante de direction",
    ),
    _Said(
        1,
        "credit",
        30,
        K.RESTRICTED,
        "L’assureur a demandé des informations sur les retards de paiement de l’été.",
    ),
    _Said(
        2,
        "analyst",
        5,
        K.PRESS,
        "Annonce l’ouverture de deux agences et quarante embauches.",
        "",
        W.GOOD,
        "Journal des entreprises",
        "https://presse.example/deux-agences",
    ),
    _Said(
        3,
        _REP,
        12,
        K.MARKET,
        "Ne paie ses fournisseurs de menuiserie qu’après la deuxième relance.",
        T.PAYMENT_HABITS,
        W.WORRYING,
        "Un confrère du négoce",
    ),
    _Said(
        4,
        _REP,
        16,
        K.MARKET,
        "Un concurrent lui propose 60 jours et une remise de fin d’année.",
        T.COMPETITOR,
        W.NEUTRAL,
        "Acheteur",
    ),
    _Said(
        5,
        "adv",
        2,
        K.NEWS,
        "Grève sur le site de production depuis lundi, livraisons reçues au second dépôt.",
        "",
        W.WORRYING,
        "Transporteur",
    ),
    _Said(
        6,
        _REP,
        40,
        K.MARKET,
        "Investit dans une ligne de découpe ; volumes attendus en hausse au printemps.",
        T.INVESTMENT,
        W.GOOD,
        "Visite",
    ),
    _Said(
        7,
        "analyst",
        25,
        K.PRESS,
        "Rachat par un groupe régional annoncé, sous réserve de l’accord des banques.",
        "",
        W.NEUTRAL,
        "Presse économique",
        "https://presse.example/rachat",
    ),
)


def make_notes(
    accounts: Sequence[CustomerAccount], team: dict[str, User], *, at: datetime, today: date
) -> None:
    """Write them; one is corrected, and one was about another client and is withdrawn."""
    made = []
    for said in _SAID:
        account = accounts[PLAIN + said.place]
        author = rep_of(account, today) if said.by == _REP else team[said.by]
        made.append(
            write_note(
                account_id=account.pk,
                content=Content(
                    kind=said.kind,
                    topic=said.topic,
                    weight=said.weight,
                    seen_on=today - timedelta(days=said.days),
                    text=said.text,
                    source=said.source,
                    url=said.url,
                ),
                by=author or team["adv"],
                at=at,
            )
        )
    first = made[1]
    write_note(
        account_id=first.account_id,
        content=Content(
            kind=K.BUSINESS,
            seen_on=first.seen_on,
            text="Bons de commande envoyés par le portail depuis le 15 du mois : le joindre à chaque facture.",
        ),
        supersedes_id=first.pk,
        by=team["adv"],
        at=at,
    )
    wrong = write_note(
        account_id=accounts[PLAIN + 8].pk,
        content=Content(kind=K.NEWS, seen_on=today - timedelta(days=6), text="Déménage son siège à Angers."),
        by=team["adv"],
        at=at,
    )
    withdraw_note(note_id=wrong.pk, reason="Concernait une société homonyme.", by=team["adv"], at=at)
