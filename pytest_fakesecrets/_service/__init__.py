"""One request: parsed, decided, recorded and serialized."""
