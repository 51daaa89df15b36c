"""Finds secrets and replaces them by placeholders."""
