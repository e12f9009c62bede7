"""What each address answers to whom, GET and POST. An address that nothing here speaks of fails the test.

Who somebody is in the admin is a cookie; the embedded pages and the widget read none, so there all are outsiders. What a
shop's own token opens there is tried in tests/dashboard/test_access.py and tests/storefront_widget/.
"""

from __future__ import annotations

import re

WHO = ("nobody", "without a shop", "another shop's owner", "analyst", "support", "manager", "owner")
INSIDE = WHO[3:]
Pair = tuple[int, int]
Answers = dict[str, Pair]


def _all(on_get: int, on_post: int) -> Answers:
    return dict.fromkeys(WHO, (on_get, on_post))


def _staff(nobody: Pair, idle: Pair, other: Pair, inside: Pair) -> Answers:
    return dict(zip(WHO[:3], (nobody, idle, other), strict=True)) | dict.fromkeys(INSIDE, inside)


TO_SIGN_IN = (302, 302)
SUPERUSERS = _staff(TO_SIGN_IN, (403, 403), (403, 403), (403, 403))
SIGNED_IN = _staff(TO_SIGN_IN, (200, 200), (200, 200), (200, 200))
SHOWN = _staff(TO_SIGN_IN, (200, 405), (200, 405), (200, 405))
NOT_THERE = _staff(TO_SIGN_IN, (404, 404), (404, 404), (404, 404))
OURS = "admin/loyalty/(?!staffmembership)\\w+/"

EXPECTATIONS: dict[str, Answers] = {
    "": _all(302, 302),
    # The staff's admin: rows of the shops somebody works for; who works where is for superusers.
    OURS: _staff(TO_SIGN_IN, (403, 403), (200, 200), (200, 200)),
    OURS + "add/": SUPERUSERS,
    OURS + "<path:object_id>/change/": _staff(TO_SIGN_IN, (403, 403), (302, 403), (200, 403)),
    OURS + "<path:object_id>/delete/": SUPERUSERS,
    OURS + "<path:object_id>/history/": _staff(TO_SIGN_IN, TO_SIGN_IN, TO_SIGN_IN, (200, 200)),
    "admin/\\w+/\\w+/<path:object_id>/": _all(302, 302),
    "admin/loyalty/staffmembership/<path:object_id>/history/": SUPERUSERS,
    "admin/loyalty/staffmembership/((add|<path:object_id>/(change|delete))/)?": SUPERUSERS,
    "admin/(account/emailaddress|auth/user)/((add|<path:object_id>/(change|delete|history))/)?": SUPERUSERS,
    "admin/auth/user/<id>/password/": SUPERUSERS,
    "admin/(search/|password_change/)?": SIGNED_IN,
    "admin/(jsi18n|password_change/done)/": SHOWN,
    "admin/autocomplete/": _staff(TO_SIGN_IN, (403, 405), (403, 405), (403, 405)),
    "admin/login/": _staff(TO_SIGN_IN, (302, 200), (302, 200), (302, 200)),
    "admin/logout/": _staff(TO_SIGN_IN, (405, 200), (405, 200), (405, 200)),
    "admin/<app_label>/": _staff(TO_SIGN_IN, (404, 404), (200, 200), (200, 200)),
    "admin/(r/<path:content_type_id>/<path:object_id>/|<url>)": NOT_THERE,
    # People's own accounts.
    "accounts/(login|signup)/": _staff((200, 200), TO_SIGN_IN, TO_SIGN_IN, TO_SIGN_IN),
    "accounts/(logout|email)/": _staff(TO_SIGN_IN, (200, 302), (200, 302), (200, 302)),
    "accounts/(inactive|confirm-email|password/reset/done|password/reset/key/done)/": _all(200, 405),
    "accounts/confirm-email/<key>/": _all(200, 404),
    "accounts/password/reset/(key/<uidb36>-<key>/)?": _all(200, 200),
    "accounts/(password/set|login/code/confirm)/": _all(302, 302),
    "accounts/(reauthenticate|password/change)/": SIGNED_IN,
    "accounts/2fa/": SHOWN,
    "accounts/2fa/(authenticate|reauthenticate|totp/activate|recovery-codes/generate)/": _all(302, 302),
    "accounts/2fa/(totp/deactivate|recovery-codes/download)/": NOT_THERE,
    "accounts/2fa/recovery-codes/": _staff(TO_SIGN_IN, (404, 405), (404, 405), (404, 405)),
    # Embedded pages: no cookie opens them.
    "dashboard/.*": _all(401, 401),
    "shopify/(patch|install|callback)?": _all(401, 405),
    "ecwid/(app|connect)": _all(200, 400),
    "ecwid/callback": _all(400, 400),
    # The widget, for a shop that is named and nobody signed in.
    "widget/v1/(config|terms)": _all(200, 405),
    "widget/v1/estimate": _all(405, 415),
    "widget/v1/(member|redemptions/<uuid:number>)": _all(401, 405),
    "widget/v1/(redeem|redemptions/<uuid:number>/cancel)": _all(405, 401),
    "(widget/v1|shopify/proxy)/(join|leave|profile|notifications|activity|referral/claim)": _all(405, 401),
    "shopify/proxy/estimate": _all(405, 401),
    "widget/v1/(code|session|session/signed|session/renew|session/end|cart/nonce|cart/session)": _all(405, 415),
    "widget/v1/extension/order": _all(405, 401),
    "widget/v1/letters": _all(401, 401),
    "widget/v1/<path:name>": _all(404, 404),
    "shopify/proxy/(config|terms|member|redemptions/<uuid:number>)": _all(401, 405),
    "shopify/proxy/(redeem|redemptions/<uuid:number>/cancel)": _all(405, 401),
    # Platforms and operators.
    "(shopify|ecwid)/webhooks": _all(405, 415),
    "ecwid/discounts/<str:key>": _all(405, 404),
    "(healthz|metrics)": _all(200, 405),
    "readyz": _all(503, 405),
}


def expected(route: str) -> Answers:
    """Raises LookupError for an address without an expectation, or with two."""
    plain = re.sub(r"[\^$]", "", re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", route))
    found = [answers for pattern, answers in EXPECTATIONS.items() if re.fullmatch(pattern, plain)]
    if len(found) != 1:
        raise LookupError(f"{route} has {len(found)} expectations; say in expectations.py who may ask for it")
    return found[0]
