"""What hosts cost: asked of AWS, kept on this machine, and shared out to the tries that ran on them."""
