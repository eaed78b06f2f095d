"""The stack: what is deployed, and who may do what. Knows the code only by its paths."""
