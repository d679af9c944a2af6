"""Rules about one model, a file per family; found by walking this folder."""
