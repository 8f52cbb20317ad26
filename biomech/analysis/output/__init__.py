"""Answers as people read them: variables with names and units, datasets, tables, a summary in words."""
