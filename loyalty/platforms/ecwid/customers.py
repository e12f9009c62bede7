"""A customer as the REST API shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loyalty.platforms.ecwid.orders import moment
from loyalty.platforms.reading import identifier, text
from loyalty.services.observations import Person, PersonSeen


def read_customer(data: Mapping[str, Any]) -> PersonSeen:
    """`registered` is also the first order of a guest (search-customers), so it is nobody's sign-up. Raises Invalid."""
    person = data.get("billingPerson")
    billing = text(person.get("name"), max_length=255) if isinstance(person, dict) else ""
    at = moment(data.get("updated") or data.get("registered"), "The customer's date")
    return PersonSeen(
        person=Person(
            external_id=identifier(data.get("id"), "The customer's id"),
            email=text(data.get("email"), max_length=320).lower(),
            name=text(data.get("name"), max_length=255) or billing,
            locale=text(data.get("lang"), max_length=16),
        ),
        at=at,
        subscribed_at=at if data.get("acceptMarketing") is True else None,
    )
