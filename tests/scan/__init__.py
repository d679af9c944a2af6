"""What a scan says of models that act, and of honest ones."""
