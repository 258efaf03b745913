"""Cut an answer at every byte, over real sockets, and see whether anybody takes it for whole."""
