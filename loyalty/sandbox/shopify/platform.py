"""The Shopify stand-in as the core sees it."""
