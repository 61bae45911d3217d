"""The gate a model passes before it serves, and the commands that let it through or take it back.

A gate judges by facts and traffic, and names its reason for every no. It must not train, serve
or change a model: whatever passes is the very artefact that was published.
"""
