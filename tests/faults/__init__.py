"""Faults on purpose: builds that are killed, files that are damaged; the next build must end with the same bytes."""
