"""A small simulated Kubernetes."""
