"""From any file or frame to a Dataset: formats, columns, times, ids, broken rows, the report and the cache."""
