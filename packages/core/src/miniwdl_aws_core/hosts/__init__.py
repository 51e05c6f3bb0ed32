"""Where jobs run: compute environments, their instances, and what ECS calls them."""
