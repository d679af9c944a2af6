"""From a report to text: renderers show what was computed before."""
