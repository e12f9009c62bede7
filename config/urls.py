"""The HTTP surface: a contract, so every path stands here or one include away."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from loyalty import health, metrics, webhooks
from storefront_widget import ecwid_cart

urlpatterns = [
    path("", RedirectView.as_view(url="/admin/")),
    path("shopify/webhooks", webhooks.receive_webhook),
    path("ecwid/webhooks", webhooks.receive_webhook),
    path("shopify/proxy/", include("storefront_widget.shopify_proxy_urls")),
    path("shopify/", include("loyalty.dashboard.shopify_urls")),
    path("ecwid/discounts/<str:key>", ecwid_cart.discounts),
    path("ecwid/", include("loyalty.dashboard.ecwid_urls")),
    path("dashboard/", include("loyalty.dashboard.urls")),
    path("widget/v1/", include("storefront_widget.urls")),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", metrics.metrics),
]
