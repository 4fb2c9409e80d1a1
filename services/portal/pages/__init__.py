"""One module a group of pages; each has `add(router, api)`."""
