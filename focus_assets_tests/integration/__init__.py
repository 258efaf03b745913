"""The parts together, over real sockets and real databases."""
