// A rotation function for an API key: deploy it as it is, with the handler "rotation.handler".
//
// The secret is JSON: {"client_id": ..., "api_key": ...}. The service accepts two keys at a time, so readers that
// still hold the old one are served until the next rotation.
import {
  DescribeSecretCommand,
  GetRandomPasswordCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";

const client = new SecretsManagerClient({});
const service = process.env.KEY_SERVICE_URL;

export async function handler(event) {
  const { SecretId: arn, ClientRequestToken: token, Step: step } = event;
  const metadata = await client.send(new DescribeSecretCommand({ SecretId: arn }));
  if (!metadata.RotationEnabled) throw new Error(`Secret ${arn} is not enabled for rotation`);
  const labels = metadata.VersionIdsToStages?.[token];
  if (!labels) throw new Error(`Secret version ${token} has no stage for rotation of secret ${arn}`);
  if (!Object.hasOwn(steps, step)) throw new Error(`Invalid step parameter ${step}`);
  if (labels.includes("AWSCURRENT")) return;
  if (!labels.includes("AWSPENDING")) throw new Error(`Secret version ${token} is not AWSPENDING`);
  await steps[step](arn, token, metadata.VersionIdsToStages);
}

const steps = {
  // Store a new key as AWSPENDING, unless an attempt before this one has.
  async createSecret(arn, token) {
    const current = await read(arn, { VersionStage: "AWSCURRENT" });
    if (await exists(arn, token)) return;
    const { RandomPassword } = await client.send(
      new GetRandomPasswordCommand({ PasswordLength: 40, ExcludePunctuation: true }),
    );
    await client.send(
      new PutSecretValueCommand({
        SecretId: arn,
        ClientRequestToken: token,
        SecretString: JSON.stringify({ ...current, api_key: RandomPassword }),
        VersionStages: ["AWSPENDING"],
      }),
    );
  },

  // Let the service accept the new key beside the current one. The one before makes room for it.
  async setSecret(arn, token, versions) {
    const current = await read(arn, { VersionStage: "AWSCURRENT" });
    const pending = await read(arn, { VersionId: token, VersionStage: "AWSPENDING" });
    if (Object.values(versions).flat().includes("AWSPREVIOUS")) {
      const previous = await read(arn, { VersionStage: "AWSPREVIOUS" });
      if (previous.api_key !== current.api_key) await ask("DELETE", "keys", previous);
    }
    await ask("POST", "keys", pending);
  },

  // Use the new key as an application would.
  async testSecret(arn, token) {
    await ask("POST", "login", await read(arn, { VersionId: token, VersionStage: "AWSPENDING" }));
  },

  // Make the new key the current one.
  async finishSecret(arn, token, versions) {
    const [current] = Object.entries(versions).find(([, labels]) => labels.includes("AWSCURRENT"));
    await client.send(
      new UpdateSecretVersionStageCommand({
        SecretId: arn,
        VersionStage: "AWSCURRENT",
        MoveToVersionId: token,
        RemoveFromVersionId: current,
      }),
    );
  },
};

async function exists(arn, token) {
  try {
    await read(arn, { VersionId: token, VersionStage: "AWSPENDING" });
    return true;
  } catch (error) {
    if (error.name !== "ResourceNotFoundException") throw error;
    return false;
  }
}

async function read(arn, version) {
  const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: arn, ...version }));
  return JSON.parse(SecretString);
}

async function ask(method, path, { client_id, api_key }) {
  const response = await fetch(`${service}/${path}`, { method, body: JSON.stringify({ client_id, api_key }) });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`The key service answered ${method} ${path} with ${response.status}`);
}
