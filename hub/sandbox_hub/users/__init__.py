"""Who a user is: names, numbers, logins (the hub's own accounts, or an OAuth provider's), and the API for accounts."""
