"""One module a group of pages; each has its `PAGES`."""
