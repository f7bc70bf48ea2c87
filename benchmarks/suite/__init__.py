"""Everything that the project claims, measured in one go beside what people would use instead: `sernet bench`."""
