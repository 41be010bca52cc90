"""Artifacts on disk: how sweeps are cut into files, what a file holds, and how it is looked up."""
