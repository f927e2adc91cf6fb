"""Canbao: collects a region's social-insurance contributions, from the register to the receipt and the cover."""
