"""The exchange: ops up, and receipts, scope and rows down, in one round trip; and the loop that publishes."""
