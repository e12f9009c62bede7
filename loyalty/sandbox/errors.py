"""What the sandbox answers when it is asked for something it cannot do."""

from __future__ import annotations


class SandboxError(Exception):
    """A request that cannot be met; `status` is the HTTP status, the message says what to do."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
