"""What one message wants: rules first, then the provider, then the risk layer, which only adds (agent.md section 2).

A patient's message and `chairside evaluate` both go through here, so that what is measured is what runs.
"""

from collections.abc import Iterable
from dataclasses import replace

from app.domain import risks
from app.domain.screening import Screening
from app.llm.base import Analysis, LanguageModel, LanguageModelError, PatientText
from app.models.enums import Intent, Sentiment

MACHINES = (Intent.AUTO_REPLY, Intent.BOUNCE)
EMPTY = frozenset({Intent.IRRELEVANT, Intent.CONFUSED, *MACHINES})
"""Labels that say nothing once a risk stands beside them."""


async def understand(llm: LanguageModel, message: PatientText) -> Analysis:
    """The labels of one message as it came. Raises LanguageModelError when the provider failed and no rule decided.

    Nobody is asked about an emergency, a bare STOP, or what a machine wrote; about any other stop the provider is asked
    what else the message wants, and the stop stands whatever it says.
    """
    seen = risks.look_for(text=message.text, channel=message.channel)
    if seen.kind in (*MACHINES, Intent.EMERGENCY) or risks.is_bare_stop(seen.rule):
        return by_rules(seen)
    try:
        analysis = await llm.analyse(message)
    except LanguageModelError:
        if seen.kind is None:
            raise
        return by_rules(seen)
    return with_risks(analysis, risks.risks_of(seen), concerns_staff=risks.concerns_staff(seen.rule))


def by_rules(seen: Screening) -> Analysis:
    """What the screening alone decided; only for a screening that found something."""
    kind = seen.kind or Intent.CONFUSED
    is_machine = kind in MACHINES
    return Analysis(
        intent=kind,
        intents=risks.risks_of(seen) or (kind,),
        sentiment=Sentiment.NEUTRAL if is_machine else Sentiment.NEGATIVE,
        confidence=1.0,
        handoff=kind is Intent.EMERGENCY or risks.concerns_staff(seen.rule),
        reason=f"screening: {seen.rule}" if seen.rule else "screening",
    )


def with_risks(analysis: Analysis, found: Iterable[Intent], *, concerns_staff: bool = False) -> Analysis:
    """Add risks and put them first; nothing that the provider said is taken away but labels that say nothing."""
    found = tuple(found)
    labels = {*found, *analysis.intents, analysis.intent}
    leading = tuple(risk for risk in risks.RISKS if risk in labels)
    if not leading:
        return analysis
    ordered = dict.fromkeys((*leading, *(each for each in (analysis.intent, *analysis.intents) if each not in EMPTY)))
    is_added = analysis.intent is not leading[0]
    return replace(
        analysis,
        intent=leading[0],
        intents=tuple(ordered),
        confidence=1.0 if leading[0] in found else analysis.confidence,
        handoff=analysis.handoff or concerns_staff or leading[0] is Intent.EMERGENCY,
        reason=f"screening; {analysis.reason}" if is_added else analysis.reason,
        is_thanks=False,
    )
