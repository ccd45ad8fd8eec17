from payment_service.executor.work_queue import WorkQueue


def popped(queue):
    return list(iter(queue.pop, None))


def test_items_that_can_succeed_are_first_in_first_out():
    queue = WorkQueue(lambda _: True, 4)
    for item in range(1, 6):
        queue.put(item)

    assert popped(queue) == [1, 2, 3, 4, 5]


def test_items_that_cannot_succeed_give_way_and_get_their_share():
    late = {1, 2, 3}
    queue = WorkQueue(lambda item: item not in late, 4)
    for item in range(1, 12):
        queue.put(item)

    assert popped(queue) == [4, 5, 6, 1, 7, 8, 9, 2, 10, 11, 3]


def test_an_item_that_can_no_longer_succeed_gives_way_once_it_is_next():
    late = set()
    queue = WorkQueue(lambda item: item not in late, 4)
    for item in (1, 2):
        queue.put(item)
    late.add(1)

    assert (list(queue), popped(queue), list(queue)) == ([1, 2], [2, 1], [])


def test_all_items_that_meet_a_condition_are_removed_wherever_they_wait():
    late = {1, 2, 4}
    queue = WorkQueue(lambda item: item not in late, 4)
    for item in range(1, 7):
        queue.put(item)
    assert queue.pop() == 3  # 1 and 2 have given way

    assert queue.remove(lambda item: item in {2, 5}) == [5, 2]
    assert (list(queue), popped(queue)) == ([4, 6, 1], [6, 1, 4])
