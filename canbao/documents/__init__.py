"""Vouchers: what a payer keeps, and what anyone may check."""
