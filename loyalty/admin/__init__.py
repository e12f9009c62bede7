"""The staff's side: everything of a shop to look at, and the few verbs that mend something. Tokens are not shown."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin

from loyalty.admin import people, privacy, queues, shops, statements

# One door for people: allauth's, with its rate limits, e-mail verification and second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

__all__ = ["people", "privacy", "queues", "shops", "statements"]
