"""What bears the body: one file a support, found in ``registry``."""
