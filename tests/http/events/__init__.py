"""Events of SDKs, over real sockets and a real store."""
