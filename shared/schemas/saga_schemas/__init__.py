"""Every message of the saga, its topic and its key: the contract between the services."""
