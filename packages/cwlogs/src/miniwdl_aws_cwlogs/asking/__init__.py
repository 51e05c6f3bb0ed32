"""When to ask, about which streams together, and when to give up: without network and clock."""
