"""The model as graphs: bodies of nodes, and the typed networkx graph of what calls, captures, reads and writes what."""
