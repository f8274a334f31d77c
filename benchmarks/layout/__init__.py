"""How well the structure of pages is decided, by the rules and by the network."""
