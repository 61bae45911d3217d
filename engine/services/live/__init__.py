"""What serves just now: the catalogue, the models, a shadow beside them, and how we stand."""
