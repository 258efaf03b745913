"""Plain REST APIs: what their answers hold, and which typed rows that makes."""
