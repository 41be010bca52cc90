"""Parts of figures that two sections use."""
