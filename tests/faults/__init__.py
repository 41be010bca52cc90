"""Faults on purpose: builds that are killed, stores that are damaged, full disks; the next build must end with the same bytes."""
