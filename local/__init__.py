"""The local AWS: everything needed to run the stack without an account and without Docker."""
