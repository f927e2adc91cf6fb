"""WeChat Pay API v3, played over its real protocol (orders, cashier, notices); refunds and statement files have no
place yet."""
