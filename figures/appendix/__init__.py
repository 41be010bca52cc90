"""Appendix: nonlinear compression: the figures of templates/appendix.md."""
