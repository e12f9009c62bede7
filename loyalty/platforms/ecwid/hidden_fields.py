"""The hidden fields that our script sets in a cart (`ec.order.extraFields`) and that its order keeps. A shopper can write
into them whatever they like: a code in them is worth what it is worth in anybody's hands, and nothing else is believed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from loyalty.platforms.reading import text

CODE_FIELD = "regulars_points"
NONCE_FIELD = "regulars_nonce"
REFERRAL_FIELD = "regulars_ref"
LABEL = "Points"
CODE = re.compile(r"[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}")
_DESCRIBED = re.compile(rf"{LABEL} ({CODE.pattern})")


def hidden_fields(document: Mapping[str, Any]) -> dict[str, str]:
    """Ours, of an order or a cart; scripts may have set them as text or as an object with a value."""
    found = document.get("extraFields")
    values = found.items() if isinstance(found, dict) else ()
    return {
        name: text(value.get("value") if isinstance(value, dict) else value, max_length=255)
        for name, value in values
        if name in (CODE_FIELD, NONCE_FIELD, REFERRAL_FIELD)
    }


def cart_codes(document: Mapping[str, Any]) -> list[str]:
    """The codes whose points an order's cart took off: in the words of the discount, or, where a store keeps no words of
    it (unverified), in the hidden field of an order that has a discount."""
    infos = document.get("discountInfo")
    listed = [info for info in infos if isinstance(info, dict)] if isinstance(infos, list) else []
    words = [said for info in listed if (said := text(info.get("description"), max_length=500))]
    described = [match.group(1) for said in words if (match := _DESCRIBED.search(said))]
    if described or words or not document.get("discount"):
        return described
    code = hidden_fields(document).get(CODE_FIELD, "").strip().upper()
    return [code] if CODE.fullmatch(code) else []
