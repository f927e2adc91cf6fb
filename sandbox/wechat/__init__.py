"""WeChat Pay API v3, played over its real protocol: orders, cashier, refunds, notices, bills."""
