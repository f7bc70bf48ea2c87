"""Several runs in several formats against each other: what each saves, what it loses, and which device takes which."""
