"""The version of the program; tests/config/test_backup.py keeps pyproject.toml and package.json at the same one."""

VERSION = "0.3.0"
