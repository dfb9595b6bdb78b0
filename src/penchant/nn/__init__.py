"""Layers and losses on tensors: they take sizes and know no dataset."""
