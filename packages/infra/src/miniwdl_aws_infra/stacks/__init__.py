"""CloudFormation: its requests, what change sets and events say in words, and waiting for them."""
