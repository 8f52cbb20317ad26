"""The article's page: every claim with two bodies side by side, what hands would feel, its verdict, and the evidence."""
