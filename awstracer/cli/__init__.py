"""The two programs: parsers, commands, prompts, and every sentence that is printed."""
