"""Declare the commands and their options; what they do is imported when they are called."""
