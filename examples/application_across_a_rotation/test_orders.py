"""What the team wants to know of its application: it serves while the password of its database is rotated."""

from __future__ import annotations

from datetime import timedelta

import pytest
from aws_secretsmanager_caching import SecretCache
from orders_application import Orders, OrdersReadOnce
from orders_database import OVERLAP
from orders_rotation import lambda_handler

from pytest_fakesecrets import Call


@pytest.fixture
def start(fakesecrets_client):
    """Start an application, with a cache of its own; it ends with the test."""
    started = []

    def start(application):
        started.append(application(SecretCache(client=fakesecrets_client)))
        return started[-1]

    yield start
    for application in started:
        application.reconnect()


class TestOrders:
    def test_serves_at_every_point_of_a_rotation(self, start, rotation_stands_at, point):
        orders = start(Orders)
        assert orders.count() == 42

        with rotation_stands_at(point):
            assert orders.count() == 42  # on a connection from before the rotation
            orders.reconnect()
            assert orders.count() == 42  # on a new one

        orders.reconnect()
        assert orders.count() == 42

    def test_serves_when_it_starts_in_the_middle_of_a_rotation(self, start, rotation_stands_at, point):
        with rotation_stands_at(point):
            orders = start(Orders)
            assert orders.count() == 42

        orders.reconnect()
        assert orders.count() == 42

    def test_serves_after_the_overlap_too_with_what_it_cached_at_any_point(
        self, start, rotation_stands_at, point, fakesecrets_clock
    ):
        with rotation_stands_at(point):
            orders = start(Orders)
            assert orders.count() == 42

        fakesecrets_clock.tick(OVERLAP)
        orders.reconnect()
        assert orders.count() == 42

    def test_serves_on_across_rotations(self, start, fakesecrets, fakesecrets_clock):
        orders = start(Orders)

        for _ in range(3):
            fakesecrets.rotate("orders/database", lambda_handler)
            fakesecrets_clock.tick(OVERLAP)
            orders.reconnect()
            assert orders.count() == 42

    def test_asks_secrets_manager_once_an_hour(self, start, fakesecrets, fakesecrets_clock):
        orders, asked = start(Orders), []

        for hour in range(3):
            fakesecrets.rotate("orders/database", lambda_handler)
            fakesecrets_clock.tick(timedelta(hours=hour))
            begin = len(fakesecrets.history)
            for _ in range(5):
                orders.reconnect()
                assert orders.count() == 42
            asked.append(
                [event.operation for event in fakesecrets.history[begin:] if isinstance(event, Call)]
            )

        # The cache looks where AWSCURRENT is, and reads each version once.
        assert asked == 3 * [["DescribeSecret", "GetSecretValue"]]


class TestADatabaseWithoutAnOverlap:
    """From setSecret to finishSecret it refuses the password that is still AWSCURRENT, and no client can prevent that."""

    @pytest.fixture(autouse=True)
    def overlap(self, database):
        database.keeps_old_for = timedelta(0)

    @pytest.mark.parametrize("application", [Orders, OrdersReadOnce])
    def test_connections_that_are_open_serve_on(self, start, rotation_stands_at, point, application):
        orders = start(application)
        assert orders.count() == 42

        with rotation_stands_at(point):
            assert orders.count() == 42

        assert orders.count() == 42

    @pytest.mark.parametrize("point", ["setSecret", "testSecret"], indirect=True)
    def test_new_connections_are_refused_until_the_rotation_has_finished(
        self, start, rotation_stands_at, point
    ):
        orders = start(Orders)

        with rotation_stands_at(point), pytest.raises(PermissionError, match="not valid any more"):
            orders.count()

        assert orders.count() == 42

    @pytest.mark.parametrize("point", ["RotateSecret", "createSecret", "finishSecret"], indirect=True)
    def test_new_connections_are_served_before_and_after(self, start, rotation_stands_at, point):
        orders = start(Orders)

        with rotation_stands_at(point):
            assert orders.count() == 42

        orders.reconnect()
        assert orders.count() == 42


class TestOrdersReadOnce:
    """Why an application must not keep the password with which it started: these tests show how it fails."""

    def test_is_refused_once_the_rotation_has_finished(self, start, rotation_stands_at, fakesecrets_clock):
        orders = start(OrdersReadOnce)

        with rotation_stands_at("finishSecret"):
            fakesecrets_clock.tick(OVERLAP)
            with pytest.raises(PermissionError, match="not valid any more"):
                orders.count()

    def test_is_refused_after_the_overlap_whenever_in_the_rotation_it_started(
        self, start, rotation_stands_at, point, fakesecrets_clock
    ):
        with rotation_stands_at(point):
            orders = start(OrdersReadOnce)
            assert orders.count() == 42

        fakesecrets_clock.tick(OVERLAP)
        orders.reconnect()
        if point == "finishSecret":
            assert orders.count() == 42  # it has read the new password
        else:
            with pytest.raises(PermissionError, match="not valid any more"):
                orders.count()

    def test_seems_well_as_long_as_its_connections_last(self, start, fakesecrets, fakesecrets_clock):
        orders = start(OrdersReadOnce)
        assert orders.count() == 42

        fakesecrets.rotate("orders/database", lambda_handler)
        fakesecrets_clock.tick(timedelta(days=1))
        assert orders.count() == 42

        orders.reconnect()
        with pytest.raises(PermissionError):
            orders.count()
