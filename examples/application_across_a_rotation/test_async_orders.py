"""Tests of an application with asyncio: it answers requests while a rotation is paused and while one runs."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from orders_async import AsyncOrders, AsyncOrdersReadOnce
from orders_database import OVERLAP

get_session = pytest.importorskip("aiobotocore.session").get_session


def with_the_application(application, work):
    """Run a coroutine function with a running application."""

    async def main():
        async with get_session().create_client("secretsmanager") as client:
            orders = application(client)
            try:
                await work(orders)
            finally:
                orders.reconnect()

    asyncio.run(asyncio.wait_for(main(), timeout=30))


async def counts(orders):
    """Return the answers to five simultaneous requests."""
    return await asyncio.gather(*(orders.count() for _ in range(5)))


def test_the_application_works_at_every_point_of_a_rotation(rotation_stands_at, point):
    async def work(orders):
        assert await orders.count() == 42

        with rotation_stands_at(point):
            assert await counts(orders) == [42] * 5
            orders.reconnect()
            assert await counts(orders) == [42] * 5

        orders.reconnect()
        assert await counts(orders) == [42] * 5

    with_the_application(AsyncOrders, work)


def test_the_application_works_after_the_overlap_with_a_password_read_at_any_point(
    rotation_stands_at, point, fakesecrets_clock
):
    async def work(orders):
        with rotation_stands_at(point):
            assert await orders.count() == 42

        fakesecrets_clock.tick(OVERLAP)
        orders.reconnect()
        assert await counts(orders) == [42] * 5

    with_the_application(AsyncOrders, work)


def test_the_application_answers_all_requests_while_the_rotation_runs(
    rotation_stands_at, fakesecrets_rotation
):
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


def test_the_application_cannot_connect_between_set_secret_and_finish_secret_without_an_overlap(
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


def test_an_application_that_reads_the_password_once_cannot_connect_after_the_rotation(
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
