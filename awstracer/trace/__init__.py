"""The data model of a recording, its files and its journal."""
