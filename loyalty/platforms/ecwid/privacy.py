"""People's data: copies and forgetting. A notice is not signed as a whole, and what is forgotten cannot be brought back,
so a person is forgotten once the store itself has nothing of them any more."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from loyalty.engine.errors import Invalid, NotFound, Unauthorized
from loyalty.models import Member, Shop
from loyalty.platforms.ecwid.client import ShopClient
from loyalty.platforms.ecwid.customers import read_customer
from loyalty.platforms.ecwid.standing import bare_client
from loyalty.platforms.reading import text, whole
from loyalty.services.observations import (
    DataAsked,
    NothingToDo,
    Observation,
    Person,
    PersonForgotten,
    ShopForgotten,
    ShopUninstalled,
    Subject,
)

RETURNS_WITHIN = timedelta(days=90)
"""A store that removed the app finds everything again until then; after that it is forgotten. No notice asks for it."""

_ASKED = (
    "Customer {number} asked to be forgotten, and the store still has them. Delete the customer in the store, then try "
    "this message again: everything about the person is forgotten here."
)


def copy_asked(shop: Shop, event: Mapping[str, Any], at: datetime) -> list[Observation]:
    number, person = _customer(shop, event)
    subject = Subject(customer_id=number, email=person.email if person else "")
    return [DataAsked(subject=subject, request_id=_request_id(event))]


def removal_asked(shop: Shop, event: Mapping[str, Any], at: datetime) -> list[Observation]:
    """Raises Invalid, which the merchant reads, while the store itself still has the person. Of somebody whom we never
    met nothing is noted: the number is not signed, and may be a later customer's."""
    number, person = _customer(shop, event)
    if person is not None:
        raise Invalid(_ASKED.format(number=number))
    if not Member.objects.filter(shop=shop, external_id=number).exists():
        return [NothingToDo(why="Nothing is kept about this customer.")]
    return [PersonForgotten(subject=Subject(customer_id=number), request_id=_request_id(event))]


def uninstalled(shop: Shop, event: Mapping[str, Any], at: datetime) -> list[Observation]:
    """True where the store's token is dead; one that works says that the notice is old, or not true."""
    if _is_connected(shop):
        return [NothingToDo(why="The app is still connected to the store, so nothing was removed.")]
    return [ShopUninstalled(at=at), ShopForgotten(not_before=at + RETURNS_WITHIN)]


def owner_asked_removal(shop: Shop, event: Mapping[str, Any], at: datetime) -> list[Observation]:
    if _is_connected(shop):
        return [NothingToDo(why="The store's owner asked to be forgotten. Remove the app: then everything here goes.")]
    return [ShopUninstalled(at=at), ShopForgotten(not_before=at)]


def _is_connected(shop: Shop) -> bool:
    try:
        bare_client(shop).get("profile")
    except Unauthorized as error:
        if error.code != "token":
            raise
        return False
    return True


def _customer(shop: Shop, event: Mapping[str, Any]) -> tuple[str, Person | None]:
    """Their number, and who it is if the store still knows."""
    number = whole(event.get("entityId"), "The notice's entityId", at_most=10**18)
    try:
        return str(number), read_customer(ShopClient(shop).get(f"customers/{number}")).person
    except NotFound:
        return str(number), None


def _request_id(event: Mapping[str, Any]) -> str:
    return f"event:{text(event.get('eventId'), max_length=100)}"
