"""Shopify: what it signs, what it sends, and what we ask of it. Facts are Shopify's documentation of 2026-10."""
