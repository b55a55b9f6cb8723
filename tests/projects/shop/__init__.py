"""A miniature project with every kind of table: two sources, a seed, a view, a chain, a window."""
