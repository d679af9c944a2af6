"""Judgements. ``lint/`` judges one model; each file there is a family of rules."""
