"""How an OpenAI-compatible server puts an answer: the Responses API, Chat Completions, embeddings, and spoilt ones."""

import base64
import hashlib
import json
import math
import re
import struct
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
DIMENSIONS = 256
REFUSED = "I'm sorry, I can't help with that."


def responses_shape(text: str, *, mood: str, model: str, usage: tuple[int, int]) -> Json:
    """The body of an answer of `/v1/responses`; `mood` is `stop`, `length`, `refusal` or `nothing`."""
    content: Json = {"type": "output_text", "text": text, "annotations": []}
    if mood == "refusal":
        content = {"type": "refusal", "refusal": REFUSED}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [content]}
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_790_000_000,
        "status": "incomplete" if mood == "length" else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if mood == "length" else None,
        "error": None,
        "model": model,
        "output": [] if mood == "nothing" else [message],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": usage[0],
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": usage[1],
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": sum(usage),
        },
    }


def chat_shape(text: str, *, mood: str, model: str, usage: tuple[int, int]) -> Json:
    """The body of an answer of `/v1/chat/completions`."""
    message: Json = {"role": "assistant", "content": text, "refusal": None}
    if mood == "refusal":
        message |= {"content": None, "refusal": REFUSED}
    choice = {"index": 0, "message": message, "finish_reason": "length" if mood == "length" else "stop"}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": model,
        "choices": [] if mood == "nothing" else [choice],
        "usage": {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)},
    }


SHAPES: dict[str, Callable[..., Json]] = {"/v1/responses": responses_shape, "/v1/chat/completions": chat_shape}


def spoilt(kind: str, text: str, schema: Json) -> tuple[str, str]:
    """A good answer made bad in this way: its text, and how the server says that it ended."""
    if kind == "refusal":
        return "", "refusal"
    if kind == "no-output":
        return "", "nothing"
    if kind == "truncated":
        return text[: len(text) // 2], "length"
    if kind == "truncated-whole":  # the limit fell on the last bracket: what came is valid, and not to be trusted
        return text, "length"
    if kind == "bad-json":
        return f"Sure! Here it is: {text}", "stop"
    said = json.loads(text)
    if kind == "missing-field":
        said.pop(next(iter(schema["properties"])))
    elif kind == "unknown-enum":
        said = {name: _strange(value, schema["properties"][name]) for name, value in said.items()}
    else:
        raise ValueError(kind)
    return json.dumps(said), "stop"


def _strange(value: Any, schema: Json) -> Any:
    """A value that the schema does not allow, where it has a closed vocabulary or a range."""
    if "enum" in schema or "$ref" in schema:
        return "TRANSFER_MONEY"
    return 17.5 if schema.get("type") == "number" else value


def embeddings(texts: list[str], *, model: str, as_base64: bool) -> Json:
    """Vectors by the words that a text holds: texts that share words are near each other."""
    rows = [
        {"object": "embedding", "index": place, "embedding": _packed(_vector(text)) if as_base64 else _vector(text)}
        for place, text in enumerate(texts)
    ]
    tokens = sum(len(text.split()) for text in texts)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": rows, "model": model, "usage": usage}


def _vector(text: str) -> list[float]:
    vector = [0.0] * DIMENSIONS
    for word in re.findall(r"\w+", text.lower()):
        digest = hashlib.sha256(word.encode()).digest()
        vector[digest[0]] += 1.0 if digest[1] % 2 else -1.0
    length = math.sqrt(sum(value * value for value in vector)) or 1.0
    return [value / length for value in vector]


def _packed(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
