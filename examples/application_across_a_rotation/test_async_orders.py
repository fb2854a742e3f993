"""The same of an application with asyncio: its requests go on while the rotation stands, and while it runs."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from orders_async import AsyncOrders, AsyncOrdersReadOnce
from orders_database import OVERLAP

get_session = pytest.importorskip("aiobotocore.session").get_session


def with_the_application(application, work):
    """Run a coroutine function with an application that is alive."""

    async def main():
        async with get_session().create_client("secretsmanager") as client:
            orders = application(client)
            try:
                await work(orders)
            finally:
                orders.reconnect()

    asyncio.run(asyncio.wait_for(main(), timeout=30))


async def counts(orders):
    """What five requests at once are answered."""
    return await asyncio.gather(*(orders.count() for _ in range(5)))


def test_serves_at_every_point_of_a_rotation(rotation_stands_at, point):
    async def work(orders):
        assert await orders.count() == 42

        with rotation_stands_at(point):
            assert await counts(orders) == [42] * 5
            orders.reconnect()
            assert await counts(orders) == [42] * 5

        orders.reconnect()
        assert await counts(orders) == [42] * 5

    with_the_application(AsyncOrders, work)


def test_serves_after_the_overlap_too_with_what_it_read_at_any_point(
    rotation_stands_at, point, fakesecrets_clock
):
    async def work(orders):
        with rotation_stands_at(point):
            assert await orders.count() == 42

        fakesecrets_clock.tick(OVERLAP)
        orders.reconnect()
        assert await counts(orders) == [42] * 5

    with_the_application(AsyncOrders, work)


def test_serves_all_requests_that_come_while_the_rotation_runs(rotation_stands_at, fakesecrets_rotation):
    async def work(orders):
        async def traffic():
            while not rotating.done():
                orders.reconnect()
                served.append(await orders.count())

        served = []
        with rotation_stands_at("RotateSecret"):
            rotating = asyncio.create_task(asyncio.to_thread(fakesecrets_rotation.run))
            await asyncio.gather(traffic(), rotating)

        assert rotating.result().succeeded
        assert set(served) == {42}

    with_the_application(AsyncOrders, work)


def test_without_an_overlap_a_new_connection_waits_for_the_end_of_the_rotation(
    rotation_stands_at, point, database
):
    database.keeps_old_for = timedelta(0)

    async def work(orders):
        with rotation_stands_at(point):
            if point in ("setSecret", "testSecret"):
                with pytest.raises(PermissionError, match="not valid any more"):
                    await orders.count()
            else:
                assert await orders.count() == 42

        orders.reconnect()
        assert await orders.count() == 42

    with_the_application(AsyncOrders, work)


def test_one_that_reads_the_password_once_is_refused_once_the_rotation_has_finished(
    rotation_stands_at, fakesecrets_clock
):
    async def work(orders):
        assert await orders.count() == 42

        with rotation_stands_at("finishSecret"):
            assert await orders.count() == 42  # its connection is still open
            fakesecrets_clock.tick(OVERLAP)
            orders.reconnect()
            with pytest.raises(PermissionError, match="not valid any more"):
                await orders.count()

    with_the_application(AsyncOrdersReadOnce, work)
