"""A task as a job: what it asks for, its queue, the request that is made of it, and its life."""
