"""Who may sign in, as what, and what they did: accounts, roles, sessions, tokens, and the log of changes."""
