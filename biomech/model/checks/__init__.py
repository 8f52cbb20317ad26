"""Whether tables are those of a body that can be: ranges of numbers, what goes together, where parts may lie."""
