"""The verbs, a module each. The only place that knows in which order the steps of an analysis follow each other."""
