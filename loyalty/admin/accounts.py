"""How people get in: by invitation."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from loyalty.models.crypto import cipher


class InvitedOnly(DefaultAccountAdapter):
    """Accounts are made in the staff admin; the invited person sets a password through "Forgot your password?"."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class EncryptedFactors(DefaultMFAAdapter):
    """Second factors are encrypted at rest, as platform tokens are: a copy of the database must not sign in."""

    def encrypt(self, text: str) -> str:
        return cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return cipher().decrypt(encrypted_text.encode()).decode()
