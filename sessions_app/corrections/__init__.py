"""A change to a record that is locked: asked for, agreed, numbered."""
