"""The only code that knows bytes: one file per kind of file."""
