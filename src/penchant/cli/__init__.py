"""Faces for people at a terminal: one file per command group. Only here is anything printed or the clock read."""
