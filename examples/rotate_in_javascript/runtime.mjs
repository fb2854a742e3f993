// Lambda's runtime in twenty lines: it asks for the next event, calls the handler, and posts the result.
// In production Lambda brings its own, and this file is not deployed.
import { handler } from "./rotation.mjs";

const runtime = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;

const post = async (path, body) => {
  const response = await fetch(`${runtime}/${path}`, { method: "POST", body: JSON.stringify(body) });
  await response.arrayBuffer();
};

for (;;) {
  const next = await fetch(`${runtime}/next`);
  const id = next.headers.get("lambda-runtime-aws-request-id");
  const event = await next.json();
  try {
    await post(`${id}/response`, (await handler(event)) ?? null);
  } catch (error) {
    await post(`${id}/error`, { errorType: error.name, errorMessage: error.message, stackTrace: error.stack.split("\n") });
  }
}
