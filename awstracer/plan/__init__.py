"""Compiles a trace into a plan: data that says what is sent and where each value comes from."""
