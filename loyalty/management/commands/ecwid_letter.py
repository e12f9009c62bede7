"""The letter to the platform's support that has an app's permissions and addresses set: nobody else can set them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from loyalty.platforms.ecwid import cart
from loyalty.platforms.ecwid.oauth import redirect_uri
from loyalty.platforms.ecwid.signature import TOPICS

TO = "ec.apps@lightspeedhq.com"
LETTER = """\
To: {to}
Subject: Endpoints and permissions of our app {client_id}

Hello,

please set the following for our app with the client_id {client_id}.

Access scopes: {scopes}

Webhooks (webhookUrl), POST: {url}/ecwid/webhooks
Events: {events}

Native app page (iframeUrl): {url}/ecwid/app
Section of the admin: Marketing. We can read the encrypted payload ("enhanced" user authentication); please tell us which
form the app gets.

OAuth redirect (redirectUrl): {redirect}

Storefront script (customJsUrl): {url}/widget/v1/ecwid.js
No style sheet (customCssUrl) is needed.

Discounts calculated on our server (discountUrl): {discounts}
Please keep this address to yourselves.

No custom headers are needed.

Thank you
"""


class Command(BaseCommand):
    help = "Prints the letter to Ecwid's support that has your app's permissions and addresses set."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.APP_URL.startswith("https://"):
            raise CommandError("Set APP_URL to the https address under which the store's servers reach you.")
        letter = LETTER.format(
            to=TO,
            client_id=settings.ECWID_CLIENT_ID or "(the client_id on your custom app's page)",
            scopes=" ".join(settings.ECWID_SCOPES),
            events=", ".join(TOPICS),
            url=settings.APP_URL,
            redirect=redirect_uri(),
            discounts=f"{settings.APP_URL}{cart.address()}",
        )
        self.stdout.write(letter)
