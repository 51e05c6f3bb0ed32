"""Who we are and where S3 is: credentials, regions, servers, and the clients and stores that use them."""
