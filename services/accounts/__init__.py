"""Accounts, organisations and ways in."""
