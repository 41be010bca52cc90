"""Toy models of superposition."""
