"""Default deny: a query on a tenant's table that names no shop is refused before it reaches the database."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import models
from django.db.models.sql import Query
from django.db.models.sql.where import AND, WhereNode

M = TypeVar("M", bound=models.Model)


class ShopRequired(RuntimeError):
    """A programming error: the query would have read or written across shops."""


def _names_shop(where: WhereNode) -> bool:
    """True where every row the condition lets through belongs to a named shop, or to a named row."""
    if where.negated or where.connector != AND:
        return False
    for child in where.children:
        if isinstance(child, WhereNode):
            if _names_shop(child):
                return True
        else:
            target = getattr(getattr(child, "lhs", None), "target", None)
            if target is not None and target.column == "shop_id":
                return True
    return False


class ScopedQuerySet(models.QuerySet[M]):
    """Checks at execution, so that a filter may be built in any order. `across_shops()` is for the loops and audits
    that serve every shop at once, and says so where it is called."""

    _across = False

    def across_shops(self) -> ScopedQuerySet[M]:
        clone = self.all()
        clone._across = True
        return clone

    def for_shop(self, shop: models.Model | int) -> ScopedQuerySet[M]:
        return self.filter(shop=shop)

    def _clone(self) -> Any:
        clone = super()._clone()  # type: ignore[misc]
        clone._across = self._across
        return clone

    def _check(self) -> None:
        query: Query = self.query
        if not self._across and not _names_shop(query.where):
            raise ShopRequired(f"{self.model.__name__}: name the shop, or say across_shops()")

    def _fetch_all(self) -> None:
        if self._result_cache is None:
            self._check()
        super()._fetch_all()

    def iterator(self, chunk_size: int | None = None) -> Any:
        self._check()
        return super().iterator(chunk_size=chunk_size)

    def count(self) -> int:
        if self._result_cache is None:
            self._check()
        return super().count()

    def exists(self) -> bool:
        if self._result_cache is None:
            self._check()
        return super().exists()

    def aggregate(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        self._check()
        return super().aggregate(*args, **kwargs)

    def update(self, **kwargs: Any) -> int:
        self._check()
        return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        self._check()
        return super().delete()


ScopedManager = models.Manager.from_queryset(ScopedQuerySet)
