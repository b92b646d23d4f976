// What a program does with the client that @hey-api/openapi-ts generates of a service with AUTH_MODE; prints as JSON.
import { createClient, createConfig, type Client } from "./client/client";
import {
  createUser,
  deleteUser,
  exportUsers,
  importUsers,
  issueApiKey,
  listUsers,
  revokeApiKey,
  type Problem,
} from "./client";

declare const process: { argv: string[] };

const [, , baseUrl, secret] = process.argv;
const NDJSON = '{"email": "bea@example.com", "name": "Bea"}\n';

type Refusal = { response?: Response; error?: Problem };

// The functions know by the document that they send it, and how.
function connected(credential?: string): Client {
  return createClient(createConfig({ baseUrl, auth: credential }));
}

function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("The answer has no such part.");
  return value;
}

function problem({ response, error }: Refusal) {
  return [response?.status, error?.type];
}

const client = connected(secret);

async function withLess(user_id: number) {
  const { data } = await issueApiKey({ client, body: { name: "Reader", scopes: "users:read" } });
  const issued = there(data);
  const reader = connected(issued.secret);
  there((await listUsers({ client: reader })).data);
  const forbidden = await deleteUser({ client: reader, path: { user_id } });
  const revoked = await revokeApiKey({ client, path: { api_key_id: issued.id } });
  const late = await listUsers({ client: reader });
  return [issued.scopes, problem(forbidden), revoked.response?.status, problem(late)];
}

async function main() {
  const refusals = [await listUsers({ client: connected() }), await listUsers({ client: connected(`${secret}x`) })];
  const user = there((await createUser({ client, body: { email: "ada@example.com", name: "Ada" } })).data);
  const imported = await importUsers({ client, body: new Blob([NDJSON]), query: { format: "ndjson" } });
  const exported = await exportUsers({ client, query: { fields: "email,name" } });
  const seen = {
    refused: refusals.map(problem),
    created: user.email,
    imported: there(imported.data).imported,
    exported: await there(exported.data).text(),
    "with less": await withLess(user.id),
  };
  const deleted = await deleteUser({ client, path: { user_id: user.id } });
  console.log(JSON.stringify({ ...seen, deleted: deleted.response?.status }));
}

void main();
