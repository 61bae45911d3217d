"""One file a use case: gather what it needs, let the core think, apply what it says.

A service turns time, chance and the store into arguments and results of pure functions.
It must not import a driver (redis, flask), read settings, or decide anything itself.
"""
