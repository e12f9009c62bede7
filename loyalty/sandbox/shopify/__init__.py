"""The Shopify stand-in."""
