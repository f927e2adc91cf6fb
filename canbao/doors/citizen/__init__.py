"""The citizen door: paying for oneself and one's family without signing in."""
