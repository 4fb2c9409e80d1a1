"""Texts for people, by code, in Chinese and English."""
