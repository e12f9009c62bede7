"""The letter that has an app's addresses set holds every one of them."""

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django.fixtures import Settings

from loyalty.platforms.ecwid import cart


def test_the_letter_names_every_permission_event_and_address(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.APP_URL = "https://rewards.test"
    settings.ECWID_CLIENT_ID = "our-app"
    call_command("ecwid_letter")
    letter = capsys.readouterr().out
    assert "client_id our-app" in letter
    for path in ("/ecwid/webhooks", "/ecwid/app", "/ecwid/callback", "/widget/v1/ecwid.js", cart.address()):
        assert f"https://rewards.test{path}\n" in letter
        assert Client().get(path).status_code != 404
    for word in (*settings.ECWID_SCOPES, "order.deleted", "customer.personalDataRemovalRequest"):
        assert word in letter


def test_without_an_address_of_our_own_there_is_no_letter(settings: Settings) -> None:
    settings.APP_URL = "http://127.0.0.1:8000"
    with pytest.raises(CommandError, match="APP_URL"):
        call_command("ecwid_letter")
