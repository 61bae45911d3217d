"""What a customer may ask of us: everything held, and to be forgotten, with a proof."""
