"""What a customer may ask of us: everything held, and to be forgotten, with a proof.

`erasure` forgets (`names`: by which somebody is known), `tombstones` remember that it did, `marks`
tell that a restored backup did not; `forgetting` has files forget. It must not keep anything of who
was erased but a keyed hash (`tombstones`), nor say that something is gone before it has looked.
"""
