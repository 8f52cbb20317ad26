"""An answer as a page: one file with a body, sliders and numbers, for any browser, without network."""
