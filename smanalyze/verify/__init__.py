"""Loads a model with TensorFlow in a sandboxed child, runs its signatures, and compares with the report."""
