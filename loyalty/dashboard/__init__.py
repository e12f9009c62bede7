"""The merchant's pages inside the platform's admin: server-rendered, bearer tokens, no cookies."""
