"""What AWS's pages say of requests and botocore doesn't check: one table, which the local cloud and the tests apply."""
