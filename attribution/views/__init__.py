"""Pages of attribution, one file per noun."""
