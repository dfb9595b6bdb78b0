"""Data sets that the package can read or make by itself."""
