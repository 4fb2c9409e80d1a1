"""Everything that is derived from the record kinds: contracts, templates, forms, index mappings and documentation."""
