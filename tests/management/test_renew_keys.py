"""An old key can be taken away once everything is encrypted with the new one."""

from __future__ import annotations

import io

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from cryptography.fernet import Fernet, InvalidToken
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django.fixtures import Settings

from loyalty.models import Credential, OutboxMessage
from loyalty.services import key_renewal
from tests.factories import T0, make_shop

pytestmark = pytest.mark.django_db
OLD, NEW, STRANGE = (Fernet.generate_key().decode() for _ in range(3))


def run() -> str:
    out = io.StringIO()
    call_command("renew_keys", stdout=out)
    return out.getvalue()


@pytest.fixture
def shops(settings: Settings) -> list[int]:
    """Seven shops with a token each and a mail in the outbox, written with the old key."""
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    made = [make_shop() for _ in range(7)]
    OutboxMessage.objects.create(shop=made[0], kind="mail", subject="m", secret="a letter", due_at=T0, created_at=T0)
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    return [shop.pk for shop in made]


def test_afterwards_the_old_key_is_not_needed(
    shops: list[int], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_renewal, "CHUNK", 3)
    before = {row.shop_id: row.access_token for row in Credential.objects.across_shops()}
    assert run() == "8 values now need only the newest key.\n"
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert {row.shop_id: row.access_token for row in Credential.objects.across_shops()} == before
    assert OutboxMessage.objects.get(shop=shops[0], kind="mail").secret == "a letter"
    assert run() == "0 values now need only the newest key.\n"


def test_a_run_that_was_stopped_goes_on_and_touches_nothing_twice(shops: list[int]) -> None:
    Credential.objects.get(shop=shops[0]).save()  # by a process that knows the new key already
    assert run() == "7 values now need only the newest key.\n"


def test_a_value_that_is_written_meanwhile_is_left_to_its_writer(
    shops: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    again = key_renewal._again

    def while_a_token_is_refreshed(text: str) -> str:
        monkeypatch.undo()  # once, between the reading of the first row and its writing
        Credential.objects.filter(shop=shops[0]).update(access_token="fresh")
        return again(text)

    monkeypatch.setattr(key_renewal, "_again", while_a_token_is_refreshed)
    run()
    assert Credential.objects.get(shop=shops[0]).access_token == "fresh"


def test_what_no_key_opens_is_named_and_left_alone(shops: list[int], settings: Settings) -> None:
    lost = Credential.objects.get(shop=shops[2])
    settings.FIELD_ENCRYPTION_KEYS = [STRANGE]
    lost.save()
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 values cannot be read"):
        call_command("renew_keys", stdout=out)
    assert f"No key opens access_token of row {lost.pk} in loyalty_credential.\n7 values" in out.getvalue()
    settings.FIELD_ENCRYPTION_KEYS = [STRANGE]
    assert Credential.objects.get(shop=shops[2]).access_token.startswith("token-")


def test_second_factors_of_staff_are_encrypted_and_renewed(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    person = get_user_model().objects.create_user("staff", "staff@halfmoon.test", "a long password")
    TOTP.activate(person, "JBSWY3DPEHPK3PXP")
    codes = RecoveryCodes.activate(person).generate_codes()
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM mfa_authenticator")
        assert "JBSWY3DPEHPK3PXP" not in str(cursor.fetchall())
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    assert run() == "2 values now need only the newest key.\n"
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    kept = Authenticator.objects.get(user=person, type=Authenticator.Type.RECOVERY_CODES)
    assert RecoveryCodes(kept).generate_codes() == codes
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    with pytest.raises(InvalidToken):
        RecoveryCodes(kept).generate_codes()
