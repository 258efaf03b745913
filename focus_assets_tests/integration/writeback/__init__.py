"""Writes over real sockets: the gateway, the drain, the cluster."""
