"""Terms in words: what happens when a customer pays late, as the rulebook says it.

Sentences for the letter `terms of trade`, in the six languages of letters. They say what rules may
do to this customer, and leave out rules that are certainly for others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from arsync.core.rulebook.conditions import (
    ALWAYS,
    AllOf,
    Answer,
    AnyOf,
    Compare,
    Condition,
    HeldFor,
    InGroup,
    Negation,
    Node,
    compiled,
    leaves,
)
from arsync.core.rulebook.facts import Row
from arsync.core.rulebook.model import (
    NOWHERE,
    Cadence,
    Charge,
    CountedFrom,
    Rulebook,
    Step,
    StepKind,
)

_SETTLED = frozenset({"contact", "contact_group", "tag", "country", "currency"})
"""Facts of a customer that hold whatever it owes: by them a rule is for others."""

_WRITES = frozenset({StepKind.EMAIL, StepKind.LETTER})
STEPS_NAMED_MAX = 6
"""So many days of reminders are named; more are no help to anybody."""


class Speech(NamedTuple):
    """How one language writes amounts and numbers."""

    code: str
    amount: Callable[[Decimal, str], str]
    number: Callable[[Decimal], str]


def terms_in_words(
    rulebook: Rulebook, cadences: Sequence[Cadence], row: Row, speech: Speech
) -> tuple[str, ...]:
    """Return what happens when a customer pays late, a sentence each, in the order of its coming.

    Args:
        rulebook: what is done.
        cadences: the customer's, of which the first that is not about promises counts.
        row: the customer's facts.
        speech: the language.
    """
    words = _WORDS.get(speech.code, _WORDS["en"])
    cadence = next((cadence for cadence in cadences if not cadence.is_about_promises), None)
    steps = [step for step in cadence.steps if _is_by_due_date(step)] if cadence else []
    return (
        *_reminders(steps, words),
        *_fees(steps, rulebook, words, speech),
        *_charges(rulebook, row, words, speech),
        *_holds(rulebook, row, words),
        *_placements(rulebook, row, words),
    )


def sample_terms(speech: Speech) -> tuple[str, ...]:
    """Return made-up terms, for trying out texts."""
    words = _WORDS.get(speech.code, _WORDS["en"])
    charge = Charge("", NOWHERE, ALWAYS, "1.5% a month", Decimal(18), after_days=30)
    return (_with_days(words, "reminded", (1, 14)), _interest(charge, words, speech))


def _is_by_due_date(step: Step) -> bool:
    return step.counted_from is CountedFrom.DUE_DATE and step.when is None


def _reminders(steps: Sequence[Step], words: Mapping[str, str]) -> Iterator[str]:
    before = [-step.day for step in steps if step.day < 0 and step.kind in _WRITES]
    if before:
        yield _with_days(words, "before", before[:1])
    late = sorted({step.day for step in steps if step.day > 0 and step.kind in _WRITES})
    if late:
        yield _with_days(words, "reminded", late[:STEPS_NAMED_MAX])
    calls = sorted({step.day for step in steps if step.day > 0 and step.kind is StepKind.CALL})
    if calls:
        yield _with_days(words, "called", calls[:STEPS_NAMED_MAX])


def _with_days(words: Mapping[str, str], key: str, days: Sequence[int]) -> str:
    """Return a sentence with its days: `7, 21 and 35 days`."""
    if days == [1]:
        return words[key].format(days=words["one_day"])
    named = [str(day) for day in days]
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} {words['and']} {named[-1]}"
    return words[key].format(days=words["many_days"].format(days=listed))


def _fees(
    steps: Sequence[Step], rulebook: Rulebook, words: Mapping[str, str], speech: Speech
) -> Iterator[str]:
    for step in steps:
        if step.kind is not StepKind.LATE_FEE or step.day <= 0:
            continue
        if step.fee_amount is not None:
            fee = speech.amount(step.fee_amount, rulebook.currency)
        else:
            percent = speech.number(step.fee_percent or Decimal(0))
            fee = words["of_the_sum"].format(percent=percent)
        yield _with_days(words, "fee", [step.day]).replace("{fee}", fee)


def _charges(
    rulebook: Rulebook, row: Row, words: Mapping[str, str], speech: Speech
) -> Iterator[str]:
    for charge in rulebook.charges:
        if may_match(charge.when, row) is False:
            continue
        if charge.is_statutory or charge.compensation:
            law = rulebook.statutory.law if rulebook.statutory else ""
            yield words["law"].format(law=law) if law else words["lawful"]
        elif charge.percent_a_year is not None:
            yield _interest(charge, words, speech)
        return  # the first match of an invoice counts


def _interest(charge: Charge, words: Mapping[str, str], speech: Speech) -> str:
    assert charge.percent_a_year is not None, "agreed interest has a rate"
    monthly = charge.text.endswith("month")
    rate = charge.percent_a_year / 12 if monthly else charge.percent_a_year
    each = words["a_month" if monthly else "a_year"].format(percent=speech.number(rate.normalize()))
    if not charge.after_days:
        return words["interest"].format(rate=each)
    return _with_days(words, "interest_after", [charge.after_days]).replace("{rate}", each)


def _holds(rulebook: Rulebook, row: Row, words: Mapping[str, str]) -> Iterator[str]:
    rules = [rule for rule in rulebook.credit_holds if may_match(rule.when, row) is not False]
    if not rules:
        return
    days = [day for rule in rules if (day := _least_days(rule.when, "oldest_days_overdue"))]
    if len(days) == len(rules):
        yield _with_days(words, "hold_after", [min(days)])
    else:
        yield words["hold"]


def _placements(rulebook: Rulebook, row: Row, words: Mapping[str, str]) -> Iterator[str]:
    rules = [rule for rule in rulebook.placements if may_match(rule.when, row) is not False]
    if not rules:
        return
    days = [day for rule in rules if (day := _least_days(rule.when, "days_overdue"))]
    if len(days) == len(rules):
        yield _with_days(words, "hand_over_after", [min(days)])
    else:
        yield words["hand_over"]


def _least_days(when: Condition, fact: str) -> int:
    """Return from how many days overdue a rule can match; 0: it does not say."""
    days = [
        int(leaf.operand) + (leaf.word == "more_than")
        for leaf in leaves(when.tree)
        if isinstance(leaf, Compare)
        and leaf.field.name == fact
        and leaf.word in {"at_least", "more_than"}
        and isinstance(leaf.operand, Decimal | int)
    ]
    return max(days, default=0)


def may_match(when: Condition, row: Row) -> Answer:
    """Return False where a condition is certainly for other customers; else True or None."""
    return _may(when.tree, row)


def _may(node: Node, row: Row) -> Answer:
    match node:
        case AllOf(children):
            answers = [_may(child, row) for child in children]
            return False if False in answers else None if None in answers else True
        case AnyOf(children):
            answers = [_may(child, row) for child in children]
            return True if True in answers else None if None in answers else False
        case Negation(child):
            answer = _may(child, row)
            return None if answer is None else not answer
        case InGroup(_, child) | HeldFor(child):
            return _may(child, row)
    return compiled(node)(row, None) if node.field.name in _SETTLED else None


_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "one_day": "1 day",
        "many_days": "{days} days",
        "and": "and",
        "before": "We write to you {days} before an invoice is due.",
        "reminded": "If a payment is late, we remind you {days} after the due date.",
        "called": "We call you {days} after the due date.",
        "fee": "We charge a late fee of {{fee}} {days} after the due date.",
        "of_the_sum": "{percent}% of the overdue sum",
        "a_month": "{percent}% a month",
        "a_year": "{percent}% a year",
        "interest": "We charge interest of {rate} on late payments.",
        "interest_after": "We charge interest of {{rate}} on payments more than {days} late.",
        "law": "We charge the interest and compensation that the law provides for late payment"
        " ({law}).",
        "lawful": "We charge the interest and compensation that the law provides for late payment.",
        "hold_after": "From {days} after the due date we may supply you against payment only.",
        "hold": "While payments are late, we may supply you against payment only.",
        "hand_over_after": "From {days} after the due date we may hand the debt over to a"
        " collection agency or a lawyer.",
        "hand_over": "A debt that stays unpaid may be handed over to a collection agency or a"
        " lawyer.",
    },
    "de": {
        "one_day": "1 Tag",
        "many_days": "{days} Tage",
        "and": "und",
        "before": "Wir schreiben Ihnen {days}, bevor eine Rechnung fällig wird.",
        "reminded": "Geht eine Zahlung nicht rechtzeitig ein, erinnern wir Sie {days} nach dem"
        " Fälligkeitstag.",
        "called": "Wir rufen Sie {days} nach dem Fälligkeitstag an.",
        "fee": "Wir berechnen {days} nach dem Fälligkeitstag eine Mahngebühr von {{fee}}.",
        "of_the_sum": "{percent} % des überfälligen Betrags",
        "a_month": "{percent} % im Monat",
        "a_year": "{percent} % im Jahr",
        "interest": "Auf verspätete Zahlungen berechnen wir Zinsen von {rate}.",
        "interest_after": "Auf Zahlungen, die mehr als {days} verspätet sind, berechnen wir Zinsen"
        " von {{rate}}.",
        "law": "Bei Zahlungsverzug berechnen wir die gesetzlichen Zinsen und Pauschalen ({law}).",
        "lawful": "Bei Zahlungsverzug berechnen wir die gesetzlichen Zinsen und Pauschalen.",
        "hold_after": "Sind seit dem Fälligkeitstag {days} vergangen, liefern wir möglicherweise"
        " nur noch gegen Zahlung.",
        "hold": "Solange Zahlungen ausstehen, liefern wir möglicherweise nur gegen Zahlung.",
        "hand_over_after": "Sind seit dem Fälligkeitstag {days} vergangen, können wir die Forderung"
        " an ein Inkassounternehmen oder eine Anwaltskanzlei übergeben.",
        "hand_over": "Bleibt eine Forderung offen, können wir sie an ein Inkassounternehmen oder"
        " eine Anwaltskanzlei übergeben.",
    },
    "fr": {
        "one_day": "1 jour",
        "many_days": "{days} jours",
        "and": "et",
        "before": "Nous vous écrivons {days} avant l’échéance d’une facture.",
        "reminded": "En cas de retard de paiement, nous vous relançons {days} après l’échéance.",
        "called": "Nous vous appelons {days} après l’échéance.",
        "fee": "Nous facturons des frais de retard de {{fee}} {days} après l’échéance.",
        "of_the_sum": "{percent}\u00a0% du montant échu",
        "a_month": "{percent}\u00a0% par mois",
        "a_year": "{percent}\u00a0% par an",
        "interest": "Nous facturons des intérêts de {rate} sur les paiements en retard.",
        "interest_after": "Nous facturons des intérêts de {{rate}} sur les paiements en retard de"
        " plus de {days}.",
        "law": "Nous facturons les intérêts et l’indemnité que la loi prévoit en cas de retard de"
        " paiement ({law}).",
        "lawful": "Nous facturons les intérêts et l’indemnité que la loi prévoit en cas de retard"
        " de paiement.",
        "hold_after": "À partir de {days} après l’échéance, nous pouvons ne plus livrer que contre"
        " paiement.",
        "hold": "Tant que des paiements sont en retard, nous pouvons ne livrer que contre"
        " paiement.",
        "hand_over_after": "À partir de {days} après l’échéance, nous pouvons confier la créance à"
        " une société de recouvrement ou à un avocat.",
        "hand_over": "Une créance qui reste impayée peut être confiée à une société de"
        " recouvrement ou à un avocat.",
    },
    "es": {
        "one_day": "1 día",
        "many_days": "{days} días",
        "and": "y",
        "before": "Le escribimos {days} antes del vencimiento de una factura.",
        "reminded": "Si un pago se retrasa, se lo recordamos {days} después del vencimiento.",
        "called": "Le llamamos {days} después del vencimiento.",
        "fee": "Cobramos un recargo por demora de {{fee}} {days} después del vencimiento.",
        "of_the_sum": "el {percent}\u00a0% del importe vencido",
        "a_month": "el {percent}\u00a0% al mes",
        "a_year": "el {percent}\u00a0% al año",
        "interest": "Cobramos intereses del pago atrasado: {rate}.",
        "interest_after": "Cobramos intereses de los pagos con más de {days} de retraso: {{rate}}.",
        "law": "Cobramos los intereses y la indemnización que la ley prevé por la demora en el pago"
        " ({law}).",
        "lawful": "Cobramos los intereses y la indemnización que la ley prevé por la demora en el"
        " pago.",
        "hold_after": "A partir de {days} después del vencimiento podemos suministrar solo contra"
        " pago.",
        "hold": "Mientras haya pagos atrasados, podemos suministrar solo contra pago.",
        "hand_over_after": "A partir de {days} después del vencimiento podemos ceder el cobro a una"
        " agencia de recobro o a un abogado.",
        "hand_over": "El cobro de una deuda que sigue sin pagarse puede cederse a una agencia de"
        " recobro o a un abogado.",
    },
    "it": {
        "one_day": "1 giorno",
        "many_days": "{days} giorni",
        "and": "e",
        "before": "Le scriviamo {days} prima della scadenza di una fattura.",
        "reminded": "Se un pagamento è in ritardo, Le inviamo un sollecito {days} dopo la"
        " scadenza.",
        "called": "Le telefoniamo {days} dopo la scadenza.",
        "fee": "Addebitiamo una penale di {{fee}} {days} dopo la scadenza.",
        "of_the_sum": "{percent}% dell’importo scaduto",
        "a_month": "{percent}% al mese",
        "a_year": "{percent}% all’anno",
        "interest": "Sui pagamenti in ritardo addebitiamo interessi nella misura seguente: {rate}.",
        "interest_after": "Sui pagamenti in ritardo di oltre {days} addebitiamo interessi nella"
        " misura seguente: {{rate}}.",
        "law": "Addebitiamo gli interessi e l’indennizzo previsti dalla legge per il ritardo di"
        " pagamento ({law}).",
        "lawful": "Addebitiamo gli interessi e l’indennizzo previsti dalla legge per il ritardo di"
        " pagamento.",
        "hold_after": "A partire da {days} dopo la scadenza possiamo fornire solo contro"
        " pagamento.",
        "hold": "Finché vi sono pagamenti in ritardo, possiamo fornire solo contro pagamento.",
        "hand_over_after": "A partire da {days} dopo la scadenza possiamo affidare il credito a una"
        " società di recupero o a un legale.",
        "hand_over": "Un credito che resta insoluto può essere affidato a una società di recupero o"
        " a un legale.",
    },
    "nl": {
        "one_day": "1 dag",
        "many_days": "{days} dagen",
        "and": "en",
        "before": "Wij schrijven u {days} voordat een factuur vervalt.",
        "reminded": "Is een betaling te laat, dan herinneren wij u {days} na de vervaldag.",
        "called": "Wij bellen u {days} na de vervaldag.",
        "fee": "Wij brengen {days} na de vervaldag aanmaningskosten van {{fee}} in rekening.",
        "of_the_sum": "{percent}% van het vervallen bedrag",
        "a_month": "{percent}% per maand",
        "a_year": "{percent}% per jaar",
        "interest": "Over te late betalingen brengen wij {rate} rente in rekening.",
        "interest_after": "Over betalingen die meer dan {days} te laat zijn, brengen wij {{rate}}"
        " rente in rekening.",
        "law": "Bij te late betaling brengen wij de wettelijke rente en vergoeding in rekening"
        " ({law}).",
        "lawful": "Bij te late betaling brengen wij de wettelijke rente en vergoeding in rekening.",
        "hold_after": "Vanaf {days} na de vervaldag kunnen wij alleen nog tegen betaling leveren.",
        "hold": "Zolang betalingen te laat zijn, kunnen wij alleen tegen betaling leveren.",
        "hand_over_after": "Vanaf {days} na de vervaldag kunnen wij de vordering overdragen aan een"
        " incassobureau of een advocaat.",
        "hand_over": "Een vordering die onbetaald blijft, kan worden overgedragen aan een"
        " incassobureau of een advocaat.",
    },
}
"""The sentences of each language, as a credit controller writes them."""
