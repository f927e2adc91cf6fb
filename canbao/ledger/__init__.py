"""The ledger: accounts, transfers, balances and the chain. A package marker; enter through `public`."""
