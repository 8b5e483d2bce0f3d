"""What the scripted model server says, and how each of its models behaves."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

import orjson

ANSWER = """\
# Streaming answers

A model writes its answer a token at a time, so a page can show the first words at once instead of after ten seconds. \
What follows is *how that works here*, and what it costs.

## How a question travels

1. The form posts the question, and the server saves it.
2. A background task reads the model; **closing the tab does not stop it**.
3. Every tab that shows the conversation follows the same answer.
   - A tab that comes back gets what it missed.
   - A tab that was hidden catches up in a tenth of a second.
4. When the answer is complete, its final form replaces the draft.

Each step survives a dropped connection, because the cursor follows from the text alone. Nothing is sent twice, \
nothing is lost, and the model is never paid twice for the same words.

## The smallest example

```python
async def answer(question: str) -> AsyncIterator[str]:
    prompt = Prompt(model="normal", turns=(Turn("user", question),))
    async with aclosing(provider.stream(prompt)) as deltas:
        async for delta in deltas:
            yield delta.text
```

The generator is closed with `aclosing`, since a plain `break` would leave the model writing. Beside it, a page needs \
only a template and a route of three lines; see [the tutorial](https://example.com/tutorial) for both.

## What it costs

| Part | Microseconds | Per |
|---|---:|---|
| Reading the model | 9 | token |
| Rendering Markdown | 15 | frame |
| Sending an event | 36 | frame |

> Frames, not tokens, are what a reader sees: about twenty a second when the server is idle, and fewer under load.

## What to remember

Keep the text in one place, render it in one place, and let any number of readers follow. If the model stops in the \
middle, say so and offer to continue: an honest half of an answer is worth more than a spinner. And measure before you \
tune, on the machine that will run it, with as many readers as you expect on the busiest day of the year.

That is all there is to it.
"""
TOKENS = tuple(ANSWER[i * len(ANSWER) // 400 : (i + 1) * len(ANSWER) // 400] for i in range(400))
CITED = "Docker is the quickest way to run it [1]. Set a strong secret first, or it refuses to start [2].\n"
UNICODE = "Größe: 日本語のテキスト, emoji 👩‍💻 and ελληνικά.\n" * 8
PROMPT_TOKENS = 42


@dataclass
class Request:
    """One request as the server saw it; the times are of `time.monotonic()`."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    received: float = field(default_factory=time.monotonic)
    first_byte: float | None = None
    finished: float | None = None
    cancelled: float | None = None

    @property
    def model(self) -> str:
        return str(self.body.get("model", ""))

    @property
    def contents(self) -> list[str]:
        return [message["content"] for message in self.body["messages"]]


@dataclass(frozen=True)
class Script:
    """What the server does with one request.

    `events` are bytes of the event stream, one write each; `rate` is writes a second (0: at once, None: the server's
    own). `ending` ends the response, drops the connection, or leaves it open for ever. A `body` is no stream but JSON.
    """

    events: Sequence[bytes] = ()
    rate: float | None = None
    ending: Literal["end", "drop", "hang"] = "end"
    body: bytes | None = None
    status: str = "200 OK"
    headers: str = ""


def event(payload: object) -> bytes:
    """One server-sent event that holds this as JSON."""
    return b"data: " + orjson.dumps(payload) + b"\n\n"


def chunk(model: str, delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
    """One chat.completion.chunk as an event."""
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return event(_envelope(model) | {"choices": [choice]})


def _envelope(model: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1760000000, "model": model}


@cache
def _token(model: str, text: str) -> bytes:
    return chunk(model, {"content": text})


def opening(request: Request, tokens: Sequence[str]) -> list[bytes]:
    """An answer that says these tokens and does not end."""
    role, *said = (
        chunk(request.model, {"role": "assistant", "content": ""}),
        *(_token(request.model, t) for t in tokens),
    )
    return [role + said[0], *said[1:]] if said else [role]


def complete(request: Request, tokens: Sequence[str], finish_reason: str = "stop") -> list[bytes]:
    """An answer as OpenAI sends it, with the usage if it was asked for."""
    end = chunk(request.model, {}, finish_reason)
    if request.body.get("stream_options", {}).get("include_usage"):
        usage = {
            "prompt_tokens": PROMPT_TOKENS,
            "completion_tokens": len(tokens),
            "total_tokens": PROMPT_TOKENS + len(tokens),
        }
        end += event(_envelope(request.model) | {"choices": [], "usage": usage})
    return [*opening(request, tokens), end + b"data: [DONE]\n\n"]


def unsaid(request: Request, tokens: Sequence[str]) -> Sequence[str]:
    """What is left of these tokens, if the last turns ask to continue an answer that began with them."""
    text, said = "".join(tokens), request.contents[-2:-1]
    if "continue" not in request.contents[-1].lower() or not said or not text.startswith(said[0]):
        return tokens
    return pieces(text[len(said[0]) :])


def pieces(text: str) -> list[str]:
    """A text in tokens of five characters."""
    return [text[i : i + 5] for i in range(0, len(text), 5)]


def says(tokens: Sequence[str], rate: float | None = None, finish_reason: str = "stop") -> Callable[[Request], Script]:
    """The whole of these tokens, or what is left of them when asked to continue."""
    return lambda request: Script(complete(request, unsaid(request, tokens), finish_reason), rate)


def _breaks(ending: Literal["end", "drop", "hang"], tail: bytes = b"") -> Callable[[Request], Script]:
    """Half of the answer, then `tail` and the ending; but all of the rest when asked to continue."""

    def script(request: Request) -> Script:
        if (rest := unsaid(request, TOKENS)) is not TOKENS:
            return Script(complete(request, rest))
        return Script([*opening(request, TOKENS[:200]), tail], ending=ending)

    return script


def _fails(status: str, message: str, code: str | None = None, headers: str = "") -> Callable[[Request], Script]:
    def script(request: Request) -> Script:
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        error = {"message": message.format(key=key, model=request.model), "type": "error", "param": None, "code": code}
        return Script(body=orjson.dumps({"error": error}), status=status, headers=headers)

    return script


def _echo(request: Request) -> Script:
    return Script(complete(request, pieces(request.contents[-1])))


def _split(request: Request) -> Script:
    stream = b"".join(complete(request, pieces(UNICODE)))
    return Script([stream[i : i + 7] for i in range(0, len(stream), 7)], rate=0)


SCRIPTS: dict[str, Callable[[Request], Script]] = {
    "normal": says(TOKENS),
    "continue": says(TOKENS),
    "fast": says(TOKENS, rate=0),
    "slow": says(TOKENS, rate=5),
    "long": says(TOKENS * 10),
    "length": says(TOKENS[:200], finish_reason="length"),
    "content-filter": says(TOKENS[:200], finish_reason="content_filter"),
    "cite": says(pieces(CITED)),
    "echo": _echo,
    "split-utf8": _split,
    "cut": _breaks("drop"),
    "cut-clean": _breaks("end"),
    "stall": _breaks("hang"),
    "malformed": _breaks("end", tail=b'data: {"choices": [{"index\n\n'),
    "error-event": _breaks(
        "end", tail=event({"error": {"message": "The server had an error.", "type": "server_error"}})
    ),
    "silent": lambda _: Script(ending="hang"),
    "400": _fails("400 Bad Request", "Unsupported value: temperature."),
    "400-context": _fails("400 Bad Request", "The maximum context length is 8192 tokens.", "context_length_exceeded"),
    "401": _fails("401 Unauthorized", "Incorrect API key provided: {key}.", "invalid_api_key"),
    "404": _fails("404 Not Found", "The model {model} does not exist.", "model_not_found"),
    "429": _fails("429 Too Many Requests", "Rate limit reached.", "rate_limit_exceeded", "retry-after: 1\r\n"),
    "429-quota": _fails("429 Too Many Requests", "You exceeded your current quota.", "insufficient_quota"),
    "500": _fails("500 Internal Server Error", "The server had an error."),
}
