"""docker-compose.yml as people run it."""


def test_everything_is_healthy(project):
    for service in ("kafka", "postgres", "user", "order_saga", "payment", "emulator"):
        assert [one.health for one in project.containers(service)] == ["healthy"], service
