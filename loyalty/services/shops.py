"""A shop comes, goes, and comes back to its history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from loyalty.models import Credential, Shop
from loyalty.services.observations import Grant, StoreProfile
from loyalty.services.outbox import IMPORT, leave
from loyalty.services.redemptions import take_up_again

TROUBLE_CHARACTERS = 300


@transaction.atomic
def install(*, platform: str, profile: StoreProfile, grant: Grant, at: datetime) -> Shop:
    """Creates the shop, which has no program before its merchant launches one (`launching.launch`), or brings it back:
    a reinstall finds its members, ledger and programs where they were."""
    shop, _made = Shop.objects.get_or_create(
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
    shop.number = profile.number or shop.number
    shop.save()
    store_grant(shop=shop, grant=grant, at=at)
    take_up_again(shop=shop, at=at)
    leave(shop=shop, kind=IMPORT, subject="history", at=at)
    return shop


@transaction.atomic
def store_grant(*, shop: Shop, grant: Grant, at: datetime) -> None:
    """Replaces the pair of tokens as one, and goes on with what only a token was missing for."""
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
    stopped = Shop.objects.filter(pk=shop.pk, status__in=[Shop.Status.NEEDS_REOPEN, Shop.Status.SUSPENDED])
    if stopped.update(status=Shop.Status.ACTIVE, trouble=""):
        take_up_again(shop=shop, at=at)


def note_scopes(*, shop: Shop, scopes: Sequence[str]) -> None:
    """What the platform says that we may do in the store now."""
    Credential.objects.filter(shop=shop).update(scopes=" ".join(scopes))


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


def suspend(*, shop: Shop, why: str) -> None:
    """The platform lets nobody into the store for the moment (its plan, its bill); `why` tells the merchant what to do.
    Nothing more is sent until `resume`."""
    Shop.objects.filter(pk=shop.pk, status=Shop.Status.ACTIVE).update(
        status=Shop.Status.SUSPENDED, trouble=why[:TROUBLE_CHARACTERS]
    )


def resume(*, shop: Shop) -> bool:
    """The platform answers for a suspended store again. Whether it was suspended."""
    stopped = Shop.objects.filter(pk=shop.pk, status=Shop.Status.SUSPENDED)
    return bool(stopped.update(status=Shop.Status.ACTIVE, trouble=""))


def note_trouble(*, shop: Shop, why: str) -> None:
    """Something that the platform refuses while the rest goes on; empty where it is over."""
    Shop.objects.filter(pk=shop.pk).exclude(status=Shop.Status.SUSPENDED).update(trouble=why[:TROUBLE_CHARACTERS])


def follow_profile(*, shop: Shop, profile: StoreProfile) -> None:
    """What the store says of itself now, and a new start for what was in trouble. Its currency stays the one in which
    its points were counted, so a store that sells in another one is suspended: its amounts would mean something else."""
    Shop.objects.filter(pk=shop.pk).update(
        name=profile.name,
        email=profile.email,
        time_zone=profile.time_zone,
        locale=profile.locale,
        storefront_url=profile.storefront_url,
    )
    if profile.currency == shop.currency:
        note_trouble(shop=shop, why="")
        return
    why = (
        f"The store now sells in {profile.currency}, and its program counts {shop.currency}, so no order is read. Set the "
        "store's currency back, or ask whoever runs Regulars for a new program."
    )
    suspend(shop=shop, why=why)
