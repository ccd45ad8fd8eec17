"""Apache Kafka: the embedded broker, its configuration, users and ACLs."""
