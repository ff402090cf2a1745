"""Pages of the money, one file per reader or noun."""
