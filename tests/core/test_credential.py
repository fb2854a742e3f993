"""The credential of a JSON value: it is identified by the words of its member name, in any notation."""

from __future__ import annotations

import pytest

from pytest_fakesecrets._core.credential import (
    credentials,
    first_credential,
    is_credential,
    user_member,
    user_of,
)

CREDENTIALS = """
    password passwd pwd passphrase passcode pass secret token key credential
    Password PASSWORD db_password dbPassword db-password DB_PASSWORD dbpassword password2 old_password
    db_pwd userPwd user-pass
    client_secret clientSecret client-secret CLIENT_SECRET clientsecret consumerSecret webhook-secret
    secretKey secret_key secret-key secretkey SecretAccessKey secret_access_key
    api_key apiKey api-key API_KEY APIKey APIKEY apikey api_key_2 apiKey2
    private_key privateKey private-key privatekey signingKey encryption_key accessKey weather_key
    access_token accessToken access-token refreshToken id_token oauth2Token
"""

NO_CREDENTIALS = """
    public_key publicKey public-key publickey PUBLIC_KEY primary_key primaryKey foreignKey partition-key sort_key
    consumerKey publishable_key object_key
    keyspace key_id keyId key-id accessKeyId access_key_id secret_key_id keyVersion key_name keystore
    token_url tokenEndpoint token-type token_expires_at tokenizer
    secret_arn secretArn secretName secretary masterarn
    passwordPolicy password_hash password-length
    username user client_id host port engine dbname url
    monkey donkey turkey bypass compass
"""


@pytest.mark.parametrize("name", CREDENTIALS.split())
def test_a_member_whose_name_ends_in_a_credential_word_is_a_credential(name):
    assert is_credential(name)


@pytest.mark.parametrize("name", ["", "__", "3", "пароль", *NO_CREDENTIALS.split()])
def test_a_member_whose_name_only_contains_a_credential_word_is_not_a_credential(name):
    assert not is_credential(name)


def test_the_credentials_of_a_document_are_listed_in_its_order():
    document = {"client_id": "a", "client_secret": "b", "token_url": "c", "apiKey": None, 7: "d"}

    assert credentials(document) == ["client_secret", "apiKey"]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param(
            {"token": "a", "secret": "b", "api_key": "c", "password": "d"}, "password", id="password"
        ),
        pytest.param({"token": "a", "secret": "b", "api_key": "c"}, "api_key", id="api_key"),
        pytest.param({"token": "a", "secret": "b"}, "secret", id="secret"),
        pytest.param({"accessToken": "a", "token": "b"}, "token", id="token"),
        pytest.param({"client_id": "a", "accessToken": "b", "refreshToken": "c"}, "accessToken", id="others"),
        pytest.param({"apiKey": 7, "clientSecret": "a"}, "clientSecret", id="a text among others"),
        pytest.param(
            {"password": None, "accessToken": "a"}, "password", id="a documented name without a text"
        ),
        pytest.param({"username": "a", "token_url": "b"}, None, id="none"),
    ],
)
def test_a_documented_credential_takes_precedence_over_all_others(document, expected):
    assert first_credential(document) == expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param({"client_id": "a", "user": "b", "username": "c"}, "username", id="username"),
        pytest.param({"client_id": "a", "user": "b"}, "user", id="user"),
        pytest.param({"userName": "a", "client_id": "b"}, "client_id", id="client_id"),
        pytest.param({"host": "a", "userName": "b"}, "userName", id="camelCase"),
        pytest.param({"client-id": "a", "client-secret": "b"}, "client-id", id="kebab-case"),
        pytest.param({"accessKeyId": "a", "secretAccessKey": "b"}, "accessKeyId", id="access key"),
        pytest.param({"consumerKey": "a", "consumerSecret": "b"}, "consumerKey", id="consumer key"),
        pytest.param({"is_superuser": True, "db_user": "a"}, "db_user", id="a text among others"),
        pytest.param({"user_count": "a", "password": "b"}, None, id="none"),
    ],
)
def test_a_documented_user_member_takes_precedence_over_all_others(document, expected):
    assert user_member(document) == expected


def test_the_user_is_none_if_the_value_does_not_name_one():
    values = [{"clientId": "app"}, {"password": "a"}, "text", None, ["user"]]

    assert [user_of(value) for value in values] == ["app", None, None, None, None]
