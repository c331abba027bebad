"""Where dispatches go: a process of its own that answers them at next to no cost and notes when they came."""
