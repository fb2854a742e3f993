"""The transport: botocore handlers and an HTTP server that pass requests to the active fake."""
