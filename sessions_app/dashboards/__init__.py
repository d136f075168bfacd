"""The department sees its subtree: a month, a quarter, a year; every number opens the list it counts."""
