"""Labelled lines and readings of them, in few words."""

from itertools import count
from typing import Any

from app.evaluation.lines import LabelledMessage, Obedience
from app.evaluation.predictions import Prediction
from app.evaluation.scores import Pair
from app.models.enums import ChannelType, Intent, Sentiment

_numbers = count(1)


def pair(right: Intent, given: Intent, **fields: Any) -> Pair:
    """A message labelled `right` and read as `given`; fields name what else differs from a plain one."""
    number = f"m{next(_numbers)}"
    also_right, also_given = fields.pop("also_right", ()), fields.pop("also_given", ())
    message = LabelledMessage(
        id=number,
        channel=ChannelType.SMS,
        text="...",
        intent=right,
        intents=(right, *also_right),
        handoff=fields.pop("wants_handoff", False),
        sentiment=fields.pop("mood", None),
        obeyed_if=fields.pop("obeyed_if", None),
    )
    prediction = Prediction(
        id=number,
        intent=given,
        intents=(given, *also_given),
        sentiment=fields.pop("read_mood", Sentiment.NEUTRAL),
        confidence=0.9,
        handoff=fields.pop("handoff", False),
        reply=fields.pop("reply", ""),
        seconds=0.001,
        is_failure=fields.pop("is_failure", False),
    )
    assert not fields
    return message, prediction


def order_to(*intents: Intent, say: tuple[str, ...] = ()) -> Obedience:
    return Obedience(intents=intents, reply=say)
