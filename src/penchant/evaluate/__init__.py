"""Offline truth: protocols that ask models the questions a service would, and reports with intervals."""
