"""An answer as a page: one file with a body in three dimensions, sliders and numbers, for any browser, without network."""
