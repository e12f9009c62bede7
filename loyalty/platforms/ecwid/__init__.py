"""Ecwid: what its REST API, webhooks and admin say, in our words. Sources are named where a fact decides something."""
