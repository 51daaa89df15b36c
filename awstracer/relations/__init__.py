"""Finds out which value of an earlier response feeds which later request."""
