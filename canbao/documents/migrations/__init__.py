"""The tables of the documents room, step by step."""
