"""How the engine is held to its word: a sample of declarations, a contract for stores, a simulator of phones and bad luck."""
