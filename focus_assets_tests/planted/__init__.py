"""Planted bugs: the tests are tested, each by a wrong that somebody could have written."""
