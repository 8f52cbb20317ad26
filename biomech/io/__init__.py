"""What is read from the files of others, and written for them."""
