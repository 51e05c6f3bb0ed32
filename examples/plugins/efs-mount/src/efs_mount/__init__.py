"""Jobs share files over Amazon EFS: an example of a third-party plugin."""
