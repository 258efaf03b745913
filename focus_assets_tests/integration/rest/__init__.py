"""REST APIs as focus.yaml describes them, over real sockets into real databases."""
