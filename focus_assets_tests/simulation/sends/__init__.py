"""Try by seed to make an API end with other rows than the table has."""
