"""The other side of the wire: payment channels played for development and tests, sharing no code with Canbao."""
