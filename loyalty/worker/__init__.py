"""The loops that join platforms to services. They own no truth: every loop may die at any line and be started again."""
