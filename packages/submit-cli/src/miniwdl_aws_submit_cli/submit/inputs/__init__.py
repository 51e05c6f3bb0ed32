"""What a run is given: read and checked on this machine, as far as it can be seen from here."""
