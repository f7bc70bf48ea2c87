"""What makes measurements worth believing: a schema, comparisons with noise, a gate, checksums, generated pages."""
