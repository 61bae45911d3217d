"""A challenger and a shadow beside the champion that serves."""
