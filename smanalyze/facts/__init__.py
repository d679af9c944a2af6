"""Numbers about one model: a file per table of the report. States, never judges."""
