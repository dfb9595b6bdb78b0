"""Data: vocabularies, schema, columns and the questions asked of them. Numbers below, strings above."""
