"""`RotationContract`: the tests that a rotation function has to pass, and `CredentialTarget`."""
