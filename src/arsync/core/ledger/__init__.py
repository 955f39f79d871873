"""The ledger as values: records, money, days, and views of one customer."""
