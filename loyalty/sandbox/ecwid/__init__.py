"""A stand-in for Ecwid that speaks its protocols over HTTP.

It knows the app by its addresses only and imports nothing of it. Facts and their sources are those of
Ecwid's documentation; what could not be confirmed is marked "(unverified)" where it is decided and can
be switched (switches.py), so that the app is tried against both outcomes. Controls: controls.py.
"""

from loyalty.sandbox.ecwid.platform import EcwidPlatform

__all__ = ["EcwidPlatform"]
