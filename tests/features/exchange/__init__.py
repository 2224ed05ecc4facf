"""What people see of the exchange itself."""
