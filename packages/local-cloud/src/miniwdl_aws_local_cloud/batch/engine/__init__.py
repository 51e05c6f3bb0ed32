"""Jobs as containers of Docker or Podman."""
