"""The service: requests are parsed, executed, recorded and serialized."""
