"""Tests of the application: it works while the password of its database is rotated."""

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
    """Start an application with its own cache, and close its connections after the test."""
    started = []

    def start(application):
        started.append(application(SecretCache(client=fakesecrets_client)))
        return started[-1]

    yield start
    for application in started:
        application.reconnect()


class TestOrders:
    def test_works_at_every_point_of_a_rotation(self, start, rotation_stands_at, point):
        orders = start(Orders)
        assert orders.count() == 42

        with rotation_stands_at(point):
            assert orders.count() == 42  # on a connection that was opened before the rotation
            orders.reconnect()
            assert orders.count() == 42  # on a new connection

        orders.reconnect()
        assert orders.count() == 42

    def test_works_if_it_starts_during_a_rotation(self, start, rotation_stands_at, point):
        with rotation_stands_at(point):
            orders = start(Orders)
            assert orders.count() == 42

        orders.reconnect()
        assert orders.count() == 42

    def test_works_after_the_overlap_with_a_password_cached_at_any_point(
        self, start, rotation_stands_at, point, fakesecrets_clock
    ):
        with rotation_stands_at(point):
            orders = start(Orders)
            assert orders.count() == 42

        fakesecrets_clock.tick(OVERLAP)
        orders.reconnect()
        assert orders.count() == 42

    def test_works_across_several_rotations(self, start, fakesecrets, fakesecrets_clock):
        orders = start(Orders)

        for _ in range(3):
            fakesecrets.rotate("orders/database", lambda_handler)
            fakesecrets_clock.tick(OVERLAP)
            orders.reconnect()
            assert orders.count() == 42

    def test_calls_secrets_manager_once_an_hour(self, start, fakesecrets, fakesecrets_clock):
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

        # The cache looks up the version with AWSCURRENT, and reads each version once.
        assert asked == 3 * [["DescribeSecret", "GetSecretValue"]]


class TestADatabaseWithoutAnOverlap:
    """From setSecret to finishSecret it refuses the password that is still AWSCURRENT; no application can avoid that."""

    @pytest.fixture(autouse=True)
    def overlap(self, database):
        database.keeps_old_for = timedelta(0)

    @pytest.mark.parametrize("application", [Orders, OrdersReadOnce])
    def test_keeps_open_connections_working(self, start, rotation_stands_at, point, application):
        orders = start(application)
        assert orders.count() == 42

        with rotation_stands_at(point):
            assert orders.count() == 42

        assert orders.count() == 42

    @pytest.mark.parametrize("point", ["setSecret", "testSecret"], indirect=True)
    def test_refuses_new_connections_until_the_rotation_has_finished(self, start, rotation_stands_at, point):
        orders = start(Orders)

        with rotation_stands_at(point), pytest.raises(PermissionError, match="not valid any more"):
            orders.count()

        assert orders.count() == 42

    @pytest.mark.parametrize("point", ["RotateSecret", "createSecret", "finishSecret"], indirect=True)
    def test_accepts_new_connections_before_set_secret_and_after_finish_secret(
        self, start, rotation_stands_at, point
    ):
        orders = start(Orders)

        with rotation_stands_at(point):
            assert orders.count() == 42

        orders.reconnect()
        assert orders.count() == 42


class TestOrdersReadOnce:
    """An application must not keep the password with which it started: these tests show how it fails."""

    def test_cannot_connect_after_the_rotation_has_finished(
        self, start, rotation_stands_at, fakesecrets_clock
    ):
        orders = start(OrdersReadOnce)

        with rotation_stands_at("finishSecret"):
            fakesecrets_clock.tick(OVERLAP)
            with pytest.raises(PermissionError, match="not valid any more"):
                orders.count()

    def test_cannot_connect_after_the_overlap_if_it_started_before_finish_secret(
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

    def test_works_as_long_as_its_connections_are_open(self, start, fakesecrets, fakesecrets_clock):
        orders = start(OrdersReadOnce)
        assert orders.count() == 42

        fakesecrets.rotate("orders/database", lambda_handler)
        fakesecrets_clock.tick(timedelta(days=1))
        assert orders.count() == 42

        orders.reconnect()
        with pytest.raises(PermissionError):
            orders.count()
