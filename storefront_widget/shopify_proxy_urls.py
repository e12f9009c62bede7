"""/shopify/proxy/: what a storefront reaches as /apps/loyalty/…, signed by the platform."""

from django.urls import path

from storefront_widget import estimates, views, ways_in
from storefront_widget.doors import proxy_door

app_name = "shopify_proxy"
urlpatterns = [
    path("config", proxy_door(get=views.config)),
    path("terms", proxy_door(get=views.terms)),
    path("member", proxy_door(get=views.member)),
    path("estimate", proxy_door(post=estimates.estimate)),
    path("redeem", proxy_door(post=views.redeem)),
    path("redemptions/<uuid:number>", proxy_door(get=views.redemption)),
    path("redemptions/<uuid:number>/cancel", proxy_door(post=views.cancel)),
    path("join", proxy_door(post=ways_in.join)),
    path("leave", proxy_door(post=ways_in.leave)),
    path("profile", proxy_door(post=ways_in.profile)),
    path("notifications", proxy_door(post=ways_in.notifications)),
    path("activity", proxy_door(post=ways_in.activity)),
    path("referral/claim", proxy_door(post=ways_in.claim_referral)),
]
