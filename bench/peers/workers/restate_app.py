"""The order as a Restate handler, served by granian; each step is journaled by `ctx.run_typed`."""

import restate
from shop import AsyncShop

shop = AsyncShop()
service = restate.Service("Shop")
options = restate.RunOptions()


@service.handler()
async def create_order(ctx: restate.Context, order: dict) -> str:
    """Authorize an order's payment; return its status."""
    user = await ctx.run_typed("find_user", shop.find_user, options, order)
    if await ctx.run_typed("authorize", shop.authorize, options, order, user):
        status = "authorized"
    else:
        await ctx.run_typed("fail_payment", shop.fail_payment, options, order)
        status = "rejected"
    await ctx.run_typed("end_order", shop.end_order, options, order, status)
    return status


app = restate.app([service])
