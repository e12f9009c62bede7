"""How good the tests are: small faults are planted in the engine, and the tests must notice."""
