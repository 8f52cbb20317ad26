"""Pages of the documentation that are written from answers: Markdown, with what each number means."""
