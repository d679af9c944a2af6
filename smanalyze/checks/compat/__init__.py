"""Rules about changes, a family a file; each family says in AREA which part of a model it judges."""
