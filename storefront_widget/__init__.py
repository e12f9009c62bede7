"""What the shopper sees: the API behind the widget, who the shopper is, and the modules the browser loads."""
