"""What shoppers read, in their language: catalogues kept as data, and the one renderer for the server's side."""

from loyalty.languages.choosing import TAGS, accepted, best, named
from loyalty.languages.rendering import Voice, full_text, say, text

__all__ = ["TAGS", "Voice", "accepted", "best", "full_text", "named", "say", "text"]
