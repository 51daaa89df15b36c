"""Takes down `aws` commands while they run."""
