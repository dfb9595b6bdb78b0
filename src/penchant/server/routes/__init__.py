"""The routes, a file for each subject; what they share is declared in `routing.py`."""
