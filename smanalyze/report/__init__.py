"""What an analysis says: frozen, already computed, ready to be written or drawn."""
