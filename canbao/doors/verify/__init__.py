"""The door for anyone who holds a voucher and asks whether it is genuine."""
