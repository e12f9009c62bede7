"""Stand-in Shopify and Ecwid: they speak the platforms' protocols over HTTP, for the demo and for tests.

Nothing of the app is imported here, and the app knows this process over HTTP only. It refuses to load unless
`REGULARS_SANDBOX=1` is set, so that no production process can serve it by accident.

    REGULARS_SANDBOX=1 python -m loyalty.sandbox --port 8001 --smtp-port 8025 --data DIR --app-url http://127.0.0.1:8000

Browsers reach it by name (`*.localhost`), servers by 127.0.0.1; the landing page `/` links to everything:

    admin.shopify.localhost:P   <shop>.shopify.localhost:P    cdn.shopify.localhost:P
    my.ecwid.localhost:P        <storeId>.ecwid.localhost:P   cdn.ecwid.localhost:P   app.ecwid.localhost:P
    mail.localhost:P            the mailbox
    127.0.0.1:P/shopify/<shop domain>/admin/...   /ecwid/api/v3/<storeId>/...   /ecwid/oauth/token/<storeId>

Control API, JSON in and out, on 127.0.0.1:P; an error is `{"error": "what to do"}` with a 4xx status. `{p}` is `shopify`
or `ecwid`, `{shop}` a shop's id there (`halfmoon.myshopify.com`, `1003`). Times are ISO 8601 with an offset, money a
decimal string in the shop's currency; `at` says when a thing happens and is now where it is left out.

    GET  /_sandbox/state                           ports, apps, shops, counters
    PUT  /_sandbox/{p}/app                         {"client_id", "client_secret", "app_url", ...}   register the app
    POST /_sandbox/{p}/shops                       {"name", "title"?, "currency"?, "timezone"?, "email"?, "locale"?}
    GET  /_sandbox/{p}/shops                       all shops, with what is installed
    POST /_sandbox/{p}/shops/{shop}/install        the merchant installs -> {"open_url": what the admin's frame loads}
    POST /_sandbox/{p}/shops/{shop}/uninstall      the merchant uninstalls
    GET  /_sandbox/{p}/shops/{shop}/products       products and variants
    GET  /_sandbox/{p}/shops/{shop}/customers      POST {"email", "name", "password"?, "at"?} creates one
    GET  /_sandbox/{p}/shops/{shop}/orders         POST {"lines": [{"product"|"sku"|"title"+"price", "quantity"}],
                                                         "customer"?: id, "email"?, "code"?, "pay"?: true, "at"?, "test"?}
    GET  /_sandbox/{p}/shops/{shop}/orders/{id}    the order as the platform sends it
    POST /_sandbox/{p}/shops/{shop}/orders/{id}/pay     {"at"?}
    POST /_sandbox/{p}/shops/{shop}/orders/{id}/refund  {"lines": [{"line": 0 or line id, "quantity"}]?, "amount"?, "at"?}
    POST /_sandbox/{p}/shops/{shop}/orders/{id}/cancel  {"at"?}
    POST /_sandbox/{p}/shops/{shop}/history        {"seed", "from", "to", "customers", "orders", "codes"?: [],
                                                    "webhooks"?: true, "refund_share"?: 0.06}
         plausible orders in a period, the same for the same seed and period; new customers are added to those there
         are, a code is used by the customer it was issued to; `"webhooks": false` creates them silently, for an import

    GET  /_sandbox/deliveries?platform=&shop=&topic=&state=&limit=     webhooks with every attempt and its answer
    POST /_sandbox/deliveries/now                  deliver what waits, at once          {"platform"?, "shop"?}
    POST /_sandbox/deliveries/drain                wait until none is due or under way  {"timeout_seconds"?: 30}
    POST /_sandbox/deliveries/{id}/redeliver       send one again, as a duplicate       {"times"?: 1}
    PUT  /_sandbox/faults                          {"platform"?, "shop"?, and any of: "duplicate", "drop", "corrupt_signature"
                                                    (counts: the next N deliveries), "delay_seconds", "shuffle_seconds",
                                                    "hold": true|false, "time_scale": 0.01 (retries wait that share)}
    GET  /_sandbox/faults                          what is set        DELETE: none
    GET  /_sandbox/mail?to=                        newest first: to, from, subject, text, html, received_at
    DELETE /_sandbox/mail                          empty the mailbox

Each platform's own controls stand in its package's docstring.
"""

import os

if os.environ.get("REGULARS_SANDBOX") != "1":
    raise RuntimeError(
        "The sandbox stands in for real platforms and must never run in production. "
        "Set REGULARS_SANDBOX=1 where you mean it: the demo and tests do."
    )
