"""The page frame that every door with pages shares: words, layout, style, headers and error pages."""
