"""Build tables from what the network says of their cells."""
