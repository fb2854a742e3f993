"""
A rotation function as a process: Lambda's runtime API in the standard library alone, so that it starts quickly.

The first argument is the name of its behaviour: "correct", or what is wrong with it.
"""

# ruff: noqa: E402

from __future__ import annotations

import sys

sys.modules["ssl"] = (
    None  # http.client imports it, which takes a fifth of the start, and nothing here needs it
)

import http.client
import json
import os
import time

RUNTIME = "/2018-06-01/runtime"
BEHAVIOUR = sys.argv[1]
#: What the process remembers from step to step, while it is warm.
steps = []
met = []


def request(method, address, path, body=None, **headers):
    connection = http.client.HTTPConnection(address)
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    found = response.status, response.headers, response.read()
    connection.close()
    return found


def runtime(method, path, body=None, **headers):
    return request(method, os.environ["AWS_LAMBDA_RUNTIME_API"], f"{RUNTIME}/{path}", body, **headers)


def say(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


class Refused(Exception):
    pass


def call(operation, **members):
    address = os.environ["AWS_ENDPOINT_URL_SECRETS_MANAGER"].removeprefix("http://")
    headers = {
        "X-Amz-Target": f"secretsmanager.{operation}",
        "Content-Type": "application/x-amz-json-1.1",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/20300131/"
        f"{os.environ['AWS_REGION']}/secretsmanager/aws4_request, Signature=0",
    }
    status, _, body = request("POST", address, "/", json.dumps(members), **headers)
    if status != 200:
        answer = json.loads(body)
        raise Refused(f"{answer['__type']}: {answer.get('Message', answer.get('message'))}")
    return json.loads(body or b"{}")


def target(action, **members):
    """Ask the target of the test, if there is one."""
    address = os.environ.get("TARGET")
    if address and request("POST", address, f"/{action}", json.dumps(members))[0] != 200:
        raise PermissionError("The target has refused it.")


def read(arn, **version):
    return json.loads(call("GetSecretValue", SecretId=arn, **version)["SecretString"])


def create(arn, token):
    try:
        if BEHAVIOUR != "makes a value at each delivery":
            read(arn, VersionId=token, VersionStage="AWSPENDING")
            return
    except Refused as error:
        if "ResourceNotFoundException" not in str(error) and BEHAVIOUR != "swallows":
            raise
    value = {**read(arn), "password": call("GetRandomPassword", ExcludePunctuation=True)["RandomPassword"]}
    labels = {} if BEHAVIOUR == "puts without a label" else {"VersionStages": ["AWSPENDING"]}
    try:
        call(
            "PutSecretValue", SecretId=arn, ClientRequestToken=token, SecretString=json.dumps(value), **labels
        )
    except Refused:
        if BEHAVIOUR != "swallows":
            raise


def set_password(arn, token):
    value = read(arn, VersionId=token, VersionStage="AWSPENDING")
    if BEHAVIOUR == "leaks":
        say("The new password is", value["password"])
    target("change_password", user=value["username"], new=value["password"])


def test(arn, token):
    version = (
        {} if BEHAVIOUR == "tests the current one" else {"VersionId": token, "VersionStage": "AWSPENDING"}
    )
    value = read(arn, **version)
    if BEHAVIOUR != "tests the current one":
        target("log_in", user=value["username"], password=value["password"])


def finish(arn, token):
    versions = call("DescribeSecret", SecretId=arn)["VersionIdsToStages"]
    current = next(version for version, labels in versions.items() if "AWSCURRENT" in labels)
    call(
        "UpdateSecretVersionStage",
        SecretId=arn,
        VersionStage="AWSCURRENT",
        MoveToVersionId=token,
        RemoveFromVersionId=token if BEHAVIOUR == "calls illegally" else current,
    )
    if BEHAVIOUR == "leaves a label":
        call(
            "UpdateSecretVersionStage",
            SecretId=arn,
            VersionStage="AWSPENDING",
            MoveToVersionId=current,
            RemoveFromVersionId=token,
        )


STEPS = {"createSecret": create, "setSecret": set_password, "testSecret": test, "finishSecret": finish}


def handler(event):
    arn, token, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
    steps.append(step)
    met.append(arn)
    if BEHAVIOUR == "reads a fixed name":
        read("app/db")
    if BEHAVIOUR == "keeps the first name":
        arn = met[0]
    metadata = call("DescribeSecret", SecretId=arn)
    if not metadata.get("RotationEnabled"):
        raise ValueError("Rotation is off.")
    labels = metadata["VersionIdsToStages"].get(token)
    if labels is None or step not in STEPS:
        raise ValueError("The version or the step is unknown.")
    if "AWSCURRENT" in labels:
        return
    if "AWSPENDING" not in labels:
        raise ValueError("The version is not pending.")
    STEPS[step](arn, token)


def misbehave(request_id):
    """What is wrong, in the place of an answer."""
    if BEHAVIOUR == "exits":
        say("the last words")
        sys.exit(3)
    if BEHAVIOUR == "is killed":
        os.kill(os.getpid(), 9)
    if BEHAVIOUR == "hangs":
        say("about to hang, with the password", read_current())
        time.sleep(600)
    if BEHAVIOUR == "waits for a signal":
        with open("pid.new", "w") as file:
            file.write(str(os.getpid()))
        os.rename("pid.new", "pid")
        time.sleep(600)
    if BEHAVIOUR == "takes a second" and not steps:
        time.sleep(1)
    if BEHAVIOUR == "asks again":
        runtime("GET", "invocation/next")
    if BEHAVIOUR == "answers no JSON":
        runtime("POST", f"invocation/{request_id}/response", "<html>")
    if BEHAVIOUR == "answers under another id":
        status, _, body = runtime("POST", "invocation/another/response", "null")
        say(status, body.decode(), runtime("GET", "nothing")[0], runtime("POST", "invocation")[0])
        sys.exit(4)
    if BEHAVIOUR == "answers too much":
        say(runtime("POST", f"invocation/{request_id}/response", json.dumps("x" * 15_000_000))[0])
        sys.exit(5)


def read_current():
    return json.loads(call("GetSecretValue", SecretId="db")["SecretString"])["password"]


def serve():
    if BEHAVIOUR == "asks elsewhere":
        say(runtime("GET", "next")[0])
        sys.exit(6)
    while True:
        _, headers, body = runtime("GET", "invocation/next")
        request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        misbehave(request_id)
        if BEHAVIOUR == "has a child":
            import subprocess

            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
            say(f"child {child.pid}")
        try:
            handler(json.loads(body))
        except Exception as error:
            document = {
                "errorType": type(error).__name__,
                "errorMessage": str(error),
                "stackTrace": ["in node_modules", "in handler"],
            }
            runtime("POST", f"invocation/{request_id}/error", json.dumps(document))
            continue
        if BEHAVIOUR == "says what it sees":
            seen = {"steps": steps, "headers": dict(headers), "cwd": os.getcwd(), "environ": dict(os.environ)}
            runtime("POST", f"invocation/{request_id}/response", json.dumps({"at": time.time()}))
            say(json.dumps({**seen, "pid": os.getpid()}))
        elif BEHAVIOUR == "answers in chunks":
            runtime("POST", f"invocation/{request_id}/response", iter([b"nu", b"ll"]))
        else:
            runtime("POST", f"invocation/{request_id}/response")
        if BEHAVIOUR == "serves one step":
            sys.exit(0)


if BEHAVIOUR == "ends at once":
    sys.stderr.write("the last words\n")
    sys.exit(7)
if BEHAVIOUR == "refuses to start":
    runtime(
        "POST", "init/error", json.dumps({"errorType": "Runtime.NoModule", "errorMessage": "no such module"})
    )
    sys.exit(1)
if BEHAVIOUR == "never asks":
    time.sleep(600)
serve()
