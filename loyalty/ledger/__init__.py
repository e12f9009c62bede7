"""The only code that writes ledger rows."""
