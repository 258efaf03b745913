"""The promises of focus-assets, as tests."""
