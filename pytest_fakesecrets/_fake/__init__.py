"""`FakeSecrets`, `SecretView`, and the messages of failing assertions about them."""
