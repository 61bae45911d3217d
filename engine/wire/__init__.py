"""The only code that knows public JSON: what a body may look like, and how an answer is written.

One file a surface. A body is read twice over: msgspec decodes it straight to a typed struct,
and a marshmallow schema, the record of what is allowed, says what is wrong when msgspec
refuses; tests prove that the two accept the same bodies. Answers are written by msgspec.
It must not decide anything, nor know of Flask or the store.
"""
