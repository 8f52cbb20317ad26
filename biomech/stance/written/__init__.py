"""What is written from the table of stance parameters: the glossary, the docstring of ``sweep``, typed signatures."""
