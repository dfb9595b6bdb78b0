"""Nearest vectors: arrays in, arrays out."""
