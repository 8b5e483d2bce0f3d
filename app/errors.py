"""What can go wrong in the app's own terms. Services raise these; `error_pages` shows them, once."""

from collections.abc import Mapping
from typing import Any


class AppError(Exception):
    """An error that a person can be told about: a status, a title and a sentence that says what to do.

    `template` shows it to a browser, and its `block` to htmx in place of what was asked for. With `keeps` the
    transaction commits all the same: a wrong password counts.
    With `account_helps` guests are told that they can make one.
    """

    status = 500
    title = "Something went wrong"
    message = "That is our fault, not yours. Please try again."
    template = "error.html"
    block: str | None = None
    keeps = False
    account_helps = False

    def __init__(
        self,
        message: str | None = None,
        *,
        field: str | None = None,
        retry_after: int | None = None,
        retry_at: str | None = None,
        problems: Mapping[str, str] | None = None,
    ) -> None:
        """`field`: the one that is wrong, or `problems`: a sentence for each of several; `retry_after`: seconds until
        another try is worth it; `retry_at`: a path that takes the typed text."""
        self.message = message or self.message
        self.problems = dict(problems or {}) | ({field: self.message} if field else {})
        self.retry_after = retry_after
        self.retry_at = retry_at
        super().__init__(self.message)


class SignInRequired(AppError):
    status = 401
    title = "Your session has ended"
    message = "This browser's session is over, so this is no longer here for you."


class AccountRequired(AppError):
    status = 401
    title = "Please sign in"
    message = "This page is for people with an account."
    template = "auth/sign_in.html"


class ConfirmationRequired(AppError):
    status = 403
    title = "Is it you?"
    message = "This is sensitive, and your password was last asked for a while ago. Please give it again."
    template = "auth/confirm.html"


class Gone(AppError):
    status = 410
    title = "This is no longer good"
    message = "It was used already, or its time is over."


class Forbidden(AppError):
    status = 403
    title = "Not allowed"
    message = "You may not do that."


class NotFound(AppError):
    status = 404
    title = "Not found"
    message = "There is nothing at this address, or it is not yours to see."


class WrongMethod(AppError):
    status = 405
    title = "Not in this way"
    message = "This address is where a form is sent to. Please open the page that has the form."


class Conflict(AppError):
    status = 409
    title = "That cannot be done right now"
    message = "Something else changed in the meantime. Please look again."


class TooLarge(AppError):
    status = 413
    title = "Too much at once"
    message = "That is more than can be sent at a time."


class Malformed(AppError):
    status = 400
    title = "The body is no JSON"
    message = "The body cannot be read as JSON."


class Invalid(AppError):
    status = 422
    title = "Please check what you typed"
    message = "Something in the form is not right."


class TooManyRequests(AppError):
    status = 429
    title = "A little slower, please"
    message = "That was too many requests in a short time."


class Unavailable(AppError):
    status = 503
    title = "Not available right now"
    message = "Something that this page needs is not reachable. Please try again in a moment."


def sentence(problem: Mapping[str, Any], field: str = "") -> str:
    """Say what is wrong with one field, of what pydantic says of it."""
    name, limits = field or str(problem["loc"][-1]).replace("_", " ").capitalize(), problem.get("ctx", {})
    match problem["type"]:
        case "missing":
            return f"{name} is needed."
        case "string_too_short" | "too_short" if limits["min_length"] == 1:
            return f"{name} is needed."
        case "extra_forbidden":
            return f"{name} is not known here."
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"{name} must be an object with fields."
        case "string_too_long" | "too_long":
            return f"{name} may have {limits['max_length']:,} characters at the most."
        case "value_error":
            return str(limits["error"])
        case _:
            return f"{name}: {problem['msg'][0].lower()}{problem['msg'][1:]}."
