"""/widget/v1/: the modules the browser loads, and the API for any storefront. Shops are named by ?shop=platform:id."""

from django.urls import path

from storefront_widget import ecwid_cart, estimates, letters, order_note, sessions, views, ways_in
from storefront_widget.assets import asset
from storefront_widget.doors import anonymous, by_token, by_token_if_any, extension_door, widget_door

app_name = "widget"
urlpatterns = [
    path("config", widget_door(enter=anonymous, get=views.config)),
    path("terms", widget_door(enter=anonymous, get=views.terms)),
    path("member", widget_door(enter=by_token, get=views.member)),
    path("estimate", widget_door(enter=by_token_if_any, post=estimates.estimate)),
    path("redeem", widget_door(enter=by_token, post=views.redeem)),
    path("redemptions/<uuid:number>", widget_door(enter=by_token, get=views.redemption)),
    path("redemptions/<uuid:number>/cancel", widget_door(enter=by_token, post=views.cancel)),
    path("join", widget_door(enter=by_token, post=ways_in.join)),
    path("leave", widget_door(enter=by_token, post=ways_in.leave)),
    path("profile", widget_door(enter=by_token, post=ways_in.profile)),
    path("notifications", widget_door(enter=by_token, post=ways_in.notifications)),
    path("activity", widget_door(enter=by_token, post=ways_in.activity)),
    path("referral/claim", widget_door(enter=by_token, post=ways_in.claim_referral)),
    path("letters", letters.stop),
    path("code", widget_door(enter=anonymous, post=sessions.code)),
    path("session", widget_door(enter=anonymous, post=sessions.session)),
    path("session/signed", widget_door(enter=anonymous, post=sessions.signed)),
    path("session/renew", widget_door(enter=anonymous, post=sessions.renew)),
    path("session/end", widget_door(enter=anonymous, post=sessions.end)),
    path("cart/nonce", widget_door(enter=anonymous, post=ecwid_cart.nonce)),
    path("cart/session", widget_door(enter=anonymous, post=ecwid_cart.session)),
    path("extension/order", extension_door(post=order_note.order_note)),
    path("<path:name>", asset, name="asset"),
]
