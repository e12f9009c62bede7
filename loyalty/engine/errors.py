"""The one small tree of errors. Each edge maps it once: problem+json, a sentence, a form error, retry or dead letter."""

from __future__ import annotations

from collections.abc import Mapping

from loyalty.engine.phrases import Phrase


class LoyaltyError(Exception):
    """`code` is stable and for machines; the message says to a person what to do, in English; `phrase` is the same with
    what it was made of, for whoever says it in another language: by its template, or by the code and `params`, which are
    what it names; `retryable` is for workers. A message is written as a template and never put together first: the
    translators' tools read it where it stands (`manage.py makemessages`)."""

    code = "error"
    retryable = False

    def __init__(
        self, message: str, *, code: str | None = None, place: str = "", params: Mapping[str, str | int] | None = None
    ) -> None:
        self.phrase = Phrase.of(message, params)
        self.message = str(self.phrase)
        super().__init__(self.message)
        self.place = place
        self.params = self.phrase.params
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

    def __init__(
        self, message: str, *, retry_after_seconds: int, params: Mapping[str, str | int] | None = None
    ) -> None:
        super().__init__(message, params=params)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(LoyaltyError):
    """The other side did not answer, or answered that it is busy; trying again may work."""

    code = "unavailable"
    retryable = True

    def __init__(
        self, message: str, *, retry_after_seconds: int = 0, params: Mapping[str, str | int] | None = None
    ) -> None:
        super().__init__(message, params=params)
        self.retry_after_seconds = retry_after_seconds
