"""Printable papers: rendered in a limited child, issued frozen, verified byte for byte."""
