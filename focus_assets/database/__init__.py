"""The destination: connections, transactions, tables; what differs between databases lies in `dialects`."""
