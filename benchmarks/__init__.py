"""Long measurements, run by hand; the tests run a sample of each."""
