"""What a SavedModel is: frozen values without opinion, and protocols for what is read on demand."""
