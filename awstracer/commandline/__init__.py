"""`aws ...` lines as text: words, options as data, and the formatter from parameters to a line."""
