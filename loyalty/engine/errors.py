"""The one small tree of errors. Each edge maps it once: problem+json, a sentence, a form error, retry or dead letter."""

from __future__ import annotations

from collections.abc import Mapping


class LoyaltyError(Exception):
    """`code` is stable and for machines; the message says to a person what to do, in English; `params` are what it
    names, for whoever says it in another language by its code; `retryable` is for workers."""

    code = "error"
    retryable = False

    def __init__(
        self, message: str, *, code: str | None = None, place: str = "", params: Mapping[str, str | int] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.params = params or {}
        if code is not None:
            self.code = code


class Invalid(LoyaltyError):
    """Bad input: nothing was changed."""

    code = "invalid"


class Refused(LoyaltyError):
    """Understood and not allowed now: not enough points, out of stock, limit reached."""

    code = "refused"


class Conflict(LoyaltyError):
    """The same key with another body, or one that is under way."""

    code = "conflict"


class NotFound(LoyaltyError):
    code = "not_found"


class Unauthorized(LoyaltyError):
    code = "unauthorized"


class TooMany(LoyaltyError):
    """Over a rate limit; `retry_after_seconds` says when to come back."""

    code = "too_many_requests"
    retryable = True

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(LoyaltyError):
    """The other side did not answer, or answered that it is busy; trying again may work."""

    code = "unavailable"
    retryable = True

    def __init__(self, message: str, *, retry_after_seconds: int = 0) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
