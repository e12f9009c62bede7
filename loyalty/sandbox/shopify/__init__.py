"""A stand-in for Shopify: admin, storefront, CDN scripts, OAuth, Admin GraphQL 2026-10, webhooks, app proxy.

Facts and their sources are those of Shopify's documentation; what it leaves open is marked (unverified) where it is
decided. Beside the control API of the core (see loyalty.sandbox) it has, under /_sandbox/shopify:

    PUT  /_sandbox/shopify/app    also takes: scopes, topics, application_url, webhook_url, proxy_url, redirect_urls, name,
         proxy_subpath, client_secret_old (signs webhooks while it is set), distribution ("public" or "custom": only custom
         apps may use tokens that never expire), protected_customer_data (0, 1 or 2: no customers, no names and e-mails,
         all), revoke_on_refresh (whether a refresh ends older access tokens (unverified))
    POST /_sandbox/shopify/shops  also takes: owner, taxes_included, tax_percent, shipping_minor, plan
    POST /_sandbox/shopify/shops/{shop}/session-token     -> {"token"}: what App Bridge would hand out now
    PUT  /_sandbox/shopify/shops/{shop}/api-faults        {"throttle", "server_error", "lose_answer", "token_error",
         "token_throttle": how many of the next calls; "slow_seconds"; "frozen", "bulk_fail": 1 for all}; lose_answer does
         what was asked and answers 502, frozen is a shop that has not paid; each call replaces what was set before
    POST /_sandbox/shopify/shops/{shop}/expire-tokens     access tokens end now, refresh tokens stay
    POST /_sandbox/shopify/shops/{shop}/scopes            {"scopes": []}: what is granted changes; app/scopes_update
    POST /_sandbox/shopify/shops/{shop}/orders/{id}/customer  {"customer": id or null}: the order changes hands
    POST /_sandbox/shopify/shops/{shop}/webhooks          {"topic", "body": {} or "text": "any"}: signs and sends just that
    POST /_sandbox/shopify/shops/{shop}/compliance        {"topic": "customers/redact", "customer": id}
    PUT  /_sandbox/shopify/shops/{shop}/embed             {"enabled": false}: the embed's switch in the theme editor

The app is told about: PUT .../app, or SHOPIFY_API_KEY, SHOPIFY_API_SECRET and --app-url at the start. For the app, the
addresses are

    server to server   http://127.0.0.1:P/shopify/{shop}              + /admin/oauth/access_token, /admin/api/2026-10/graphql.json
    a shop's browser   http://{name}.shopify.localhost:P              + /admin/oauth/authorize, /cart, /discount/CODE
    the admin          http://admin.shopify.localhost:P
    the CDN            http://cdn.shopify.localhost:P                 + /shopifycloud/app-bridge.js, /shopifycloud/polaris.js

What the real one does and this one does not: several discount codes on one order, order edits, fulfilments, draft orders,
several currencies in one shop, returns; customers that are merged or deleted; subscriptions to webhooks through the API,
Next Gen Events; billing, gift cards and store credit through the API; Polaris components (their tags stay plain); staff
with different rights (everybody is staff member 42); TLS. Of the search syntax it knows name:value terms joined with AND.
"""
