"""WeChat Pay API v3. A package marker; the catalogue builds the connector."""
