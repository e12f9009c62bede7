"""What the store's catalogue said when it was last asked; a cache that may be deleted at any time."""

from __future__ import annotations

from django.db import models

from loyalty.models.shops import Shop
from loyalty.models.tenancy import ScopedManager


class ProductCollections(models.Model):
    """The collections of one product. What an order's lines were told stays with the order."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="product_collections")
    product_id = models.CharField(max_length=64)
    collection_ids = models.JSONField(default=list)
    fetched_at = models.DateTimeField()

    objects = ScopedManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "product_id"], name="one_row_per_product")]

    def __str__(self) -> str:
        return f"Product {self.product_id}"


class GoodsTitle(models.Model):
    """What one product or collection (a category) is called, for sentences that name it by its id. `looked_at`: it was
    looked for in the shop's orders then, and they named it so; an empty title where they did not know it."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="goods_titles")
    part = models.CharField(max_length=16, help_text="products or collections")
    goods_id = models.CharField(max_length=64)
    title = models.CharField(max_length=255, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "part", "goods_id"], name="one_title_per_goods")]

    def __str__(self) -> str:
        return self.title or self.goods_id
