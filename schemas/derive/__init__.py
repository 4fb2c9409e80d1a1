"""Everything that is derived from the record kinds: contracts, templates, index mappings and documentation."""
