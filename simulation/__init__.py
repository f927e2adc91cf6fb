"""A deterministic simulator: payers, a channel and workers that all misbehave, and proof that no fen is lost."""
