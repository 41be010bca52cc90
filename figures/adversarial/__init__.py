"""Superposition and adversarial robustness: the figures of templates/adversarial.md."""
