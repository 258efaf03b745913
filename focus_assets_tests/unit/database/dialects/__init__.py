"""What each dialect says, without a database."""
