"""What a customer may ask of us: everything held, and to be forgotten, with a proof.

It must not keep anything of who was erased but a keyed hash (`tombstones`), nor say that
something is gone before it has looked.
"""
