"""The application without HTTP: recommend, record, explain, forget, swap."""
