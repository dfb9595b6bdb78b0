"""What happened, kept durably: one protocol, SQLite and PostgreSQL behind it."""
