"""What the answers of plain REST APIs hold."""
