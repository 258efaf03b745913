"""Every run and every error, kept in the destination."""
