"""Why some numbers differ from the paper's: the figures of templates/why.md."""
