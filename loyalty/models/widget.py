"""What a merchant has chosen for the storefront widget: the row, and the shape of the document in it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from django.db import models

from loyalty.models.crypto import EncryptedTextField
from loyalty.models.shops import Shop
from loyalty.models.tenancy import ScopedManager

Tag = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?\Z")]
"""A language, such as "lv"."""

Word = Annotated[str, msgspec.Meta(min_length=1, max_length=30)]
Path = Annotated[str, msgspec.Meta(pattern=r"^/[^\s?#*]*\*?\Z", max_length=200)]
Pixels = Annotated[int, msgspec.Meta(ge=0, le=400)]
Category = Literal["zero", "one", "two", "few", "many", "other", "name"]
"""Of plural forms; "name" is the word where no number stands beside it."""


class Texts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What stands on the launcher, above the panel, and as its first sentence; empty for ours."""

    launcher: Annotated[str, msgspec.Meta(max_length=30)] = ""
    title: Annotated[str, msgspec.Meta(max_length=60)] = ""
    greeting: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    question: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
    answer: Annotated[str, msgspec.Meta(min_length=1, max_length=3000)]


class WidgetChoices(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """`colour` is "#rrggbb", empty for ours. `bottom` and `inline` are CSS pixels from the page's edges, `inline` from
    the side that `side` names. On `hidden` paths of the storefront nothing is drawn; a star at the end stands for
    whatever follows. `languages` are those offered, empty for all. `point` is what a point is called, by plural form.
    Only pages of `origins` may sign shoppers in for the shop's own backend."""

    colour: Annotated[str, msgspec.Meta(pattern=r"^(#[0-9a-f]{6})?\Z")] = ""
    theme: Literal["light", "dark", "auto"] = "light"
    side: Literal["end", "start"] = "end"
    bottom: Pixels = 16
    inline: Pixels = 16
    hidden: Annotated[tuple[Path, ...], msgspec.Meta(max_length=50)] = ()
    languages: Annotated[tuple[Tag, ...], msgspec.Meta(max_length=50)] = ()
    texts: dict[Tag, Texts] = {}
    point: dict[Tag, dict[Category, Word]] = {}
    own_terms: dict[Tag, Annotated[str, msgspec.Meta(max_length=20_000)]] = {}
    own_questions: dict[Tag, Annotated[tuple[Question, ...], msgspec.Meta(max_length=30)]] = {}
    origins: Annotated[tuple[Annotated[str, msgspec.Meta(max_length=200)], ...], msgspec.Meta(max_length=20)] = ()


msgspec.json.Decoder(WidgetChoices)  # while there is one thread, as in engine/program.py


class WidgetSettings(models.Model):
    """The choices of one shop. `revision` moves with every change, so that answers made from them can be kept."""

    shop = models.OneToOneField(Shop, on_delete=models.CASCADE, related_name="widget_settings")
    choices = models.JSONField(default=dict)
    revision = models.PositiveIntegerField(default=0)
    signing_secret = EncryptedTextField(blank=True, default="", help_text="With which the shop's own backend signs")
    updated_at = models.DateTimeField()

    objects = ScopedManager()

    class Meta:
        verbose_name_plural = "widget settings"

    def __str__(self) -> str:
        return f"Widget of shop {self.shop_id}"
