"""A mailbox that takes whatever mail the app sends: SMTP in, documents of kind "mail" out."""

from __future__ import annotations

import asyncio
import email
import email.policy
from email.message import EmailMessage
from typing import cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from loyalty.sandbox.clock import now
from loyalty.sandbox.store import Document, Store

MAX_MAIL_BYTES = 2_000_000
MAX_MAILS = 2_000


class _AnyPort(Controller):
    """A controller that may be given port 0: it calls itself once at the start and must know which it got."""

    def _trigger_server(self) -> None:
        server = cast(asyncio.Server, self.server)
        self.port = server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


class Mailbox:
    """Keeps the newest MAX_MAILS messages; one document per recipient, so that `to` is a plain look-up."""

    def __init__(self, store: Store, port: int) -> None:
        self.store = store
        self.controller = _AnyPort(self, hostname="127.0.0.1", port=port, data_size_limit=MAX_MAIL_BYTES)

    @property
    def port(self) -> int:
        return int(self.controller.port)

    def start(self) -> None:
        self.controller.start()

    def stop(self) -> None:
        self.controller.stop()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # the name aiosmtpd calls
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        message = email.message_from_bytes(content, policy=email.policy.default)
        for recipient in envelope.rcpt_tos:
            self.keep(str(recipient), str(envelope.mail_from or ""), message)
        return "250 kept in the sandbox mailbox"

    def keep(self, recipient: str, sender: str, message: EmailMessage) -> None:
        received_at = now().isoformat()
        with self.store.transaction():
            number = self.store.next("mail")
            body: Document = {
                "id": number,
                "to": recipient,
                "from": str(message["from"] or sender),
                "subject": str(message["subject"] or ""),
                "text": _part(message, "plain"),
                "html": _part(message, "html"),
                "headers": {name: str(value) for name, value in message.items()},
                "received_at": received_at,
            }
            self.store.put("mail", "", number, body, key=recipient.casefold(), at=received_at)
            self.store.delete("mail", "", number - MAX_MAILS)

    def messages(self, to: str = "", limit: int = 200) -> list[Document]:
        """Newest first; `to` is compared without regard to case."""
        if to:
            return list(reversed(self.store.find("mail", "", to.casefold())))[:limit]
        return self.store.all("mail", "", newest_first=True, limit=limit)


def _part(message: EmailMessage, subtype: str) -> str:
    part = message.get_body(preferencelist=(subtype,))
    return str(part.get_content()) if part is not None else ""
