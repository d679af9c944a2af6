"""The command line: one file a command. Arguments in, text out, exit code."""
