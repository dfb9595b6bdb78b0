"""Filter expressions: words, a tree, a check against the schema, and masks of the catalogue. Text is never run as code."""
