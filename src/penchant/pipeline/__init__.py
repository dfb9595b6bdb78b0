"""The request path: retrieve, filter, rank, rerank."""
