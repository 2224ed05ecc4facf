"""How the engine is held to its word: sample declarations, a contract for stores, a simulator of bad luck."""
