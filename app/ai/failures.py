"""Why a model did not answer: what the client library and the wire report, in sentences that a person can act on."""

import re
from enum import Enum

import httpx2
import openai


class Failure(Enum):
    """The reasons, as templates of what to tell: `host`, `model` and `wait` are filled in."""

    KEY = "{host} refused the API key. Check the key, and that it may use the model {model}."
    MODEL = "{host} has no model named {model}. Choose another one, or check the base URL."
    RATE = "{host} is getting too many requests. Try again in {wait}."
    QUOTA = "The account at {host} has no credit left. Check its plan and billing."
    CONTEXT = "This conversation is too long for {model}. Start a new one, or choose a model that can hold more."
    REJECTED = "{host} did not accept this request to {model}. Choose another model, or see the log for the reason."
    SERVER = "{host} has trouble of its own. Try again in a moment."
    UNREACHABLE = "{host} cannot be reached. Check that it is running and that the base URL is right."
    TIMEOUT = "{host} did not answer in time. Try again, or choose a faster model."
    STALLED = "{host} fell silent in the middle of the answer. Continue it, or ask again."
    CUT = "The connection to {host} broke before the answer was complete. Continue it, or ask again."
    GARBLED = "{host} sent something that is no answer. Try again; if it happens every time, check the base URL."


RETRYABLE = {Failure.RATE, Failure.SERVER, Failure.UNREACHABLE, Failure.TIMEOUT, Failure.CUT, Failure.GARBLED}
CONTEXT = re.compile(r"context[ _](length|size|window)", re.IGNORECASE)


class GarbledError(Exception):
    """What came is no chat completion stream."""


class ReportedError(Exception):
    """The server reported an error after it had begun with a 200."""

    def __init__(self, body: object) -> None:
        super().__init__(body)
        code = body.get("code") if isinstance(body, dict) else None
        self.status = code if isinstance(code, int) else 500


def failure_of(error: Exception, *, started: bool) -> Failure:
    """The reason behind an error; `started` says whether any text came before it."""
    match error:
        case openai.APIStatusError():
            return _refusal(error.status_code, error.response.text)
        case ReportedError():
            return _refusal(error.status, str(error))
        case openai.APITimeoutError(__cause__=httpx2.ReadTimeout()) | httpx2.TimeoutException():
            return Failure.STALLED if started else Failure.TIMEOUT
        case openai.APIConnectionError():
            return Failure.UNREACHABLE
        case GarbledError():
            return Failure.GARBLED
        case EOFError() if not started:
            return Failure.GARBLED  # a web page, say: it ended well and said nothing
        case _:
            return Failure.CUT


def _refusal(status: int, text: str) -> Failure:
    if status == 402 or "insufficient_quota" in text:
        return Failure.QUOTA
    if status == 429 or "rate_limit" in text:
        return Failure.RATE
    if CONTEXT.search(text):
        return Failure.CONTEXT
    if status >= 500:
        return Failure.SERVER
    return {401: Failure.KEY, 403: Failure.KEY, 404: Failure.MODEL}.get(status, Failure.REJECTED)


def retry_after(error: Exception) -> float | None:
    """How many seconds the server asks to wait, if it does."""
    after = error.response.headers.get("retry-after", "") if isinstance(error, openai.APIStatusError) else ""
    return float(after) if after.isdecimal() else None
