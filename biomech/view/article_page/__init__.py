"""The article's page: claims with two bodies side by side, what hands would feel, verdicts, and the evidence."""
