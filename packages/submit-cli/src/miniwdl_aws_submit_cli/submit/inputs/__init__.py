"""What a run is given, and what its tasks ask for by it: read and checked on this machine, as far as it can be seen here."""
