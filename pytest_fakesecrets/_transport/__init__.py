"""How a request reaches the fake, and how its answer gets back."""
