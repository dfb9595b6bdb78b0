"""What an unknown log seems to mean: kinds of columns, a draft of its schema, and the TOML that says so."""
