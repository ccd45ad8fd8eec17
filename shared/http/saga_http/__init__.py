"""An HTTP server with bounds: no client can take all connections, memory or time."""
