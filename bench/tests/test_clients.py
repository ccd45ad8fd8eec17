import asyncio
import itertools

from bench.load.clients import post_at_rate, post_by_clients


class Posts:
    """Accepts orders after a while; records how many were on their way at once."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.numbers = []
        self.now = self.most = 0

    async def __call__(self, number):
        self.numbers.append(number)
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(self.seconds)
        self.now -= 1
        return f"order-{number}"


async def test_clients_post_every_order_once_and_one_at_a_time_each():
    posts = Posts(0.001)
    started = await post_by_clients(posts, 50, 7)
    assert posts.numbers == list(range(50))
    assert started.keys() == {f"order-{number}" for number in range(50)}
    assert posts.most == 7


async def test_an_even_pace_does_not_wait_for_the_responses_of_earlier_orders():
    posted: list[int] = []
    every = asyncio.Event()

    async def post(number):
        posted.append(number)
        if len(posted) == 10:
            every.set()
        await every.wait()
        return f"order-{number}"

    due = await asyncio.wait_for(post_at_rate(post, 10, 100), 20)
    moments = [due[f"order-{number}"] for number in range(10)]
    gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert [round(gap, 6) for gap in gaps] == [0.01] * 9
