// What a program does with openapi-fetch and the types of a service with AUTH_MODE; prints what it saw as JSON.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

declare const process: { argv: string[] };

const [, , baseUrl, secret] = process.argv;
const NDJSON = '{"email": "bea@example.com", "name": "Bea"}\n';

type Refusal = { response: Response; error?: components["schemas"]["Problem"] };

// The types say nothing of credentials, so the program sends the header itself.
function connected(credential?: string) {
  return createClient<paths>({ baseUrl, headers: credential ? { Authorization: `Bearer ${credential}` } : {} });
}

function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("The answer has no such part.");
  return value;
}

function problem({ response, error }: Refusal) {
  return [response.status, error?.type];
}

const client = connected(secret);

async function imported() {
  const { data } = await client.POST("/api/v1/users/import", {
    params: { query: { format: "ndjson" } },
    headers: { "Content-Type": "application/octet-stream" },
    body: NDJSON,
    bodySerializer: (body) => body,
  });
  return there(data).imported;
}

async function withLess(user_id: number) {
  const { data } = await client.POST("/api/v1/api-keys", { body: { name: "Reader", scopes: "users:read" } });
  const issued = there(data);
  const reader = connected(issued.secret);
  there((await reader.GET("/api/v1/users")).data);
  const forbidden = await reader.DELETE("/api/v1/users/{user_id}", { params: { path: { user_id } } });
  const path = { api_key_id: issued.id };
  const revoked = await client.DELETE("/api/v1/api-keys/{api_key_id}", { params: { path } });
  const late = await reader.GET("/api/v1/users");
  return [issued.scopes, problem(forbidden), revoked.response.status, problem(late)];
}

async function main() {
  const refusals = [await connected().GET("/api/v1/users"), await connected(`${secret}x`).GET("/api/v1/users")];
  const created = await client.POST("/api/v1/users", { body: { email: "ada@example.com", name: "Ada" } });
  const user = there(created.data);
  const seen = { refused: refusals.map(problem), created: user.email, imported: await imported() };
  const exported = await client.GET("/api/v1/users/export", {
    params: { query: { fields: "email,name" } },
    parseAs: "text",
  });
  const less = await withLess(user.id);
  const deleted = await client.DELETE("/api/v1/users/{user_id}", { params: { path: { user_id: user.id } } });
  console.log(
    JSON.stringify({ ...seen, exported: exported.data, "with less": less, deleted: deleted.response.status }),
  );
}

void main();
