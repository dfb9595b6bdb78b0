"""Protocols `ctr` and `rating`: what came of a row, foretold before it is known."""
