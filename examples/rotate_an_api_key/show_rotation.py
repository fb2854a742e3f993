"""Rotate the API key step by step, and print the labels after each step and the timeline."""

from __future__ import annotations

import json

from api_key_rotation import lambda_handler
from key_service import SERVICE

from pytest_fakesecrets import FakeSecrets


def main() -> None:
    with FakeSecrets() as fake:
        client, driver = fake.client(), fake.drive()
        SERVICE.add_key("weather", "first-key")
        value = {"client_id": "weather", "api_key": "first-key"}
        client.create_secret(Name="weather/api-key", SecretString=json.dumps(value))
        function = fake.add_rotation_function(lambda_handler, name="rotate-api-key")
        client.rotate_secret(SecretId="weather/api-key", RotationLambdaARN=function)

        for _ in range(4):
            step = driver.step()
            staging = fake.secret("weather/api-key").staging
            labels = ", ".join(f"{alias}: {' + '.join(sorted(held))}" for alias, held in staging.items())
            print(f"{step.name:<13} {labels}")

        print()
        print(fake.timeline("weather/api-key"))


if __name__ == "__main__":
    main()
