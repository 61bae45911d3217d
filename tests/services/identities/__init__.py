"""Customers under many names: found, linked, merged, whatever is interrupted."""
