"""The channels: one folder per wallet or bank, one contract for all. A package marker; import the modules by name."""
