"""Values to call a signature with, made from what consumes them."""
