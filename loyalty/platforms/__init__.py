"""Where a platform's words become ours. A new platform is a new folder here and one line in registry.py."""
