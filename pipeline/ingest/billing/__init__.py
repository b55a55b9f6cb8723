"""Bills: what providers charge, line by line."""
