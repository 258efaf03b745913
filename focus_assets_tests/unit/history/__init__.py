"""What failed is kept."""
