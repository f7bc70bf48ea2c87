"""What makes ten speakers many: other voices, rooms, noise and levels; and the conditions a model is tested under."""
