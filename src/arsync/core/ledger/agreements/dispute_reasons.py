"""Why invoices are disputed: codes of UN/EDIFACT 4465, each with a word in six languages.

The code list is "Adjustment reason description code", directory D.20A:
https://service.unece.org/trade/untdid/d20a/tred/tred4465.htm. Only those codes are here that a
customer can give for not paying an invoice; the words are arsync's own.
"""

from __future__ import annotations

import difflib
import unicodedata
from typing import NamedTuple


class DisputeReason(NamedTuple):
    """One reason."""

    code: str
    """Of UN/EDIFACT 4465."""
    en: str
    """The word that rulebooks, commands and lists use."""
    de: str
    es: str
    fr: str
    it: str
    nl: str

    def word(self, language: str) -> str:
        """Return the word in a language, in English where there is none."""
        return str(getattr(self, language, self.en))


UNSPECIFIED = "43"
"""The code of a dispute of which nobody said more: `Reason unknown`."""

DISPUTE_REASONS: tuple[DisputeReason, ...] = (
    DisputeReason(
        "2",
        "poor quality",
        "Qualitätsmangel",
        "calidad deficiente",
        "qualité insuffisante",
        "qualità scarsa",
        "slechte kwaliteit",
    ),
    DisputeReason(
        "3",
        "damaged",
        "beschädigt",
        "dañado",
        "endommagé",
        "danneggiato",
        "beschadigd",
    ),
    DisputeReason(
        "4",
        "short delivery",
        "Mindermenge",
        "entrega incompleta",
        "livraison incomplète",
        "consegna incompleta",
        "onvolledige levering",
    ),
    DisputeReason(
        "5",
        "wrong price",
        "falscher Preis",
        "precio incorrecto",
        "prix erroné",
        "prezzo errato",
        "verkeerde prijs",
    ),
    DisputeReason(
        "6",
        "proof of delivery",
        "Liefernachweis",
        "prueba de entrega",
        "preuve de livraison",
        "prova di consegna",
        "leveringsbewijs",
    ),
    DisputeReason(
        "9",
        "invoice error",
        "Rechnungsfehler",
        "error en la factura",
        "erreur de facturation",
        "errore in fattura",
        "fout op de factuur",
    ),
    DisputeReason(
        "13",
        "counter claim",
        "Gegenforderung",
        "reclamación recíproca",
        "créance réciproque",
        "controcredito",
        "tegenvordering",
    ),
    DisputeReason(
        "14",
        "wrong goods",
        "falsche Ware",
        "mercancía equivocada",
        "mauvaise marchandise",
        "merce errata",
        "verkeerde goederen",
    ),
    DisputeReason(
        "17",
        "transport damage",
        "Transportschaden",
        "daño de transporte",
        "avarie de transport",
        "danno da trasporto",
        "transportschade",
    ),
    DisputeReason(
        "26",
        "tax",
        "Steuer",
        "impuestos",
        "taxes",
        "imposte",
        "belasting",
    ),
    DisputeReason(
        "29",
        "delivery refused",
        "Annahme verweigert",
        "entrega rechazada",
        "livraison refusée",
        "consegna rifiutata",
        "levering geweigerd",
    ),
    DisputeReason(
        "30",
        "already paid",
        "bereits bezahlt",
        "ya pagado",
        "déjà payé",
        "già pagato",
        "al betaald",
    ),
    DisputeReason(
        "31",
        "wrong due date",
        "falsches Fälligkeitsdatum",
        "vencimiento incorrecto",
        "échéance erronée",
        "scadenza errata",
        "verkeerde vervaldatum",
    ),
    DisputeReason(
        "32",
        "not delivered",
        "nicht geliefert",
        "no entregado",
        "non livré",
        "non consegnato",
        "niet geleverd",
    ),
    DisputeReason(
        "33",
        "late delivery",
        "verspätete Lieferung",
        "entrega tardía",
        "livraison tardive",
        "consegna in ritardo",
        "te late levering",
    ),
    DisputeReason(
        "35",
        "returned",
        "zurückgesandt",
        "devuelto",
        "retourné",
        "reso",
        "teruggestuurd",
    ),
    DisputeReason(
        "36",
        "invoice not received",
        "Rechnung nicht erhalten",
        "factura no recibida",
        "facture non reçue",
        "fattura non ricevuta",
        "factuur niet ontvangen",
    ),
    DisputeReason(
        "40",
        "freight",
        "Fracht",
        "portes",
        "frais de port",
        "spese di trasporto",
        "vrachtkosten",
    ),
    DisputeReason(
        UNSPECIFIED,
        "unspecified",
        "nicht angegeben",
        "sin especificar",
        "non précisé",
        "non specificato",
        "niet opgegeven",
    ),
    DisputeReason(
        "49",
        "substitute product",
        "Ersatzartikel",
        "producto sustituto",
        "produit de remplacement",
        "prodotto sostitutivo",
        "vervangend product",
    ),
    DisputeReason(
        "50",
        "terms of sale",
        "Verkaufsbedingungen",
        "condiciones de venta",
        "conditions de vente",
        "condizioni di vendita",
        "verkoopvoorwaarden",
    ),
    DisputeReason(
        "51",
        "missing details",
        "fehlende Angaben",
        "datos incompletos",
        "mentions manquantes",
        "dati mancanti",
        "ontbrekende gegevens",
    ),
    DisputeReason(
        "52",
        "wrong invoice",
        "falsche Rechnung",
        "factura equivocada",
        "mauvaise facture",
        "fattura sbagliata",
        "verkeerde factuur",
    ),
    DisputeReason(
        "53",
        "duplicate invoice",
        "doppelte Rechnung",
        "factura duplicada",
        "facture en double",
        "fattura doppia",
        "dubbele factuur",
    ),
    DisputeReason(
        "55",
        "charge not agreed",
        "nicht vereinbarte Kosten",
        "cargo no acordado",
        "frais non convenus",
        "costo non concordato",
        "niet overeengekomen kosten",
    ),
    DisputeReason(
        "56",
        "wrong discount",
        "falscher Rabatt",
        "descuento incorrecto",
        "remise erronée",
        "sconto errato",
        "verkeerde korting",
    ),
)

BY_CODE = {reason.code: reason for reason in DISPUTE_REASONS}
REASON_WORDS = tuple(reason.en for reason in DISPUTE_REASONS)
"""The words of a rulebook, in the order of the codes."""

_OFTEN_SAID = {
    "price": "5",
    "pricing": "5",
    "price query": "5",
    "quantity": "4",
    "short": "4",
    "shortage": "4",
    "missing goods": "4",
    "quality": "2",
    "faulty": "2",
    "defective": "2",
    "broken": "3",
    "pod": "6",
    "delivery": "32",
    "not received": "32",
    "missing": "32",
    "late": "33",
    "paid": "30",
    "duplicate": "53",
    "double": "53",
    "vat": "26",
    "shipping": "40",
    "carriage": "40",
    "discount": "56",
    "po": "51",
    "po number": "51",
    "purchase order": "51",
    "terms": "50",
    "due date": "31",
    "other": UNSPECIFIED,
    "unknown": UNSPECIFIED,
}
"""What people call reasons, for hints."""


def reason_word(code: str, language: str = "en") -> str:
    """Return a reason's word; `unspecified` for a code that is not here."""
    return BY_CODE.get(code, BY_CODE[UNSPECIFIED]).word(language)


def reason_said(text: str) -> DisputeReason | None:
    """Return the reason that a code or a word of any of the languages names; None: it is none."""
    folded = _folded(text)
    return BY_CODE.get(folded) or _BY_WORD.get(folded)


def nearest_reason(text: str) -> DisputeReason | None:
    """Return the reason that a text most likely means; None when it is like none."""
    folded = _folded(text)
    if folded in _OFTEN_SAID:
        return BY_CODE[_OFTEN_SAID[folded]]
    close = difflib.get_close_matches(folded, _BY_WORD, n=1, cutoff=0.7)
    return _BY_WORD[close[0]] if close else None


def _folded(text: str) -> str:
    """Return a text without case, accents and the signs that part words."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(bare.replace("_", " ").replace("-", " ").split())


_BY_WORD = {_folded(word): reason for reason in reversed(DISPUTE_REASONS) for word in reason[1:]}
