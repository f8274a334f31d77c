"""How well a system reads, how often it loops, what it costs, and how sure of that we are."""
