"""A description to the tables of a body: the same numbers, without a judgment of what its parts are."""
