"""What a run is given, and what its tasks ask for by it: read and checked here, as far as this machine can see it."""
