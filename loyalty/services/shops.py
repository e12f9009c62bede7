"""A shop comes, goes, and comes back to its history."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from loyalty.engine.program import default_program, to_data
from loyalty.models import Credential, ProgramVersion, Shop
from loyalty.services.observations import Grant, StoreProfile
from loyalty.services.outbox import leave


@transaction.atomic
def install(*, platform: str, profile: StoreProfile, grant: Grant, at: datetime) -> Shop:
    """Creates the shop with the default program in force from `at`, or brings it back: a reinstall finds its members,
    ledger and programs where they were."""
    shop, made = Shop.objects.get_or_create(
        platform=platform,
        external_id=profile.external_id,
        defaults={
            "name": profile.name,
            "currency": profile.currency,
            "exponent": profile.exponent,
            "installed_at": at,
        },
    )
    shop = Shop.objects.select_for_update().get(pk=shop.pk)
    if shop.status == Shop.Status.UNINSTALLED:
        shop.installed_at = at
    shop.status = Shop.Status.ACTIVE
    shop.uninstalled_at = None
    shop.name = profile.name
    shop.email = profile.email
    shop.time_zone = profile.time_zone
    shop.locale = profile.locale
    shop.storefront_url = profile.storefront_url
    shop.save()
    store_grant(shop=shop, grant=grant)
    if made:
        program = default_program(
            currency=profile.currency, exponent=profile.exponent, time_zone=profile.time_zone, name=profile.name
        )
        # Platforms date orders in whole seconds: an order placed in the second of the install is not before it.
        begins = at.replace(microsecond=0)
        ProgramVersion.objects.create(
            shop=shop, number=1, document=to_data(program), in_force_from=begins, published_at=at
        )
    leave(shop=shop, kind="history.import", subject="history", at=at)
    return shop


@transaction.atomic
def store_grant(*, shop: Shop, grant: Grant) -> None:
    """Replaces the pair of tokens as one."""
    Credential.objects.update_or_create(
        shop=shop,
        defaults={
            "access_token": grant.access_token,
            "access_expires_at": grant.access_expires_at,
            "refresh_token": grant.refresh_token,
            "refresh_expires_at": grant.refresh_expires_at,
            "public_token": grant.public_token,
            "client_secret": grant.client_secret,
            "scopes": " ".join(grant.scopes),
        },
    )
    Shop.objects.filter(pk=shop.pk, status=Shop.Status.NEEDS_REOPEN).update(status=Shop.Status.ACTIVE)


@transaction.atomic
def uninstall(*, shop: Shop, at: datetime) -> bool:
    """Forgets the tokens and stops the widget; members and ledger stay for a return. False where the message is older
    than the present installation."""
    changed = (
        Shop.objects.filter(pk=shop.pk, installed_at__lte=at)
        .exclude(status=Shop.Status.UNINSTALLED)
        .update(status=Shop.Status.UNINSTALLED, uninstalled_at=at)
    )
    if changed:
        Credential.objects.filter(shop=shop).delete()
    return bool(changed)


def mark_needs_reopen(*, shop: Shop) -> None:
    """The platform no longer accepts our token: only the merchant opening the app can mend it."""
    Shop.objects.filter(pk=shop.pk, status=Shop.Status.ACTIVE).update(status=Shop.Status.NEEDS_REOPEN)
