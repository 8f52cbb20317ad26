"""What the parts of a described body are, and what stands in for what its file does not say."""
