"""Verbs: one use case each, one transaction each. They leave outbox rows and never touch the network."""
