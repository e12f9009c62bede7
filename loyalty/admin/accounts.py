"""How people get in: by invitation."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class InvitedOnly(DefaultAccountAdapter):
    """Accounts are made in the staff admin; the invited person sets a password through "Forgot your password?"."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
