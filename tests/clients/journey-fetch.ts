// What a program does with openapi-fetch and the types that openapi-typescript generates; prints what it saw as JSON.
import createClient from "openapi-fetch";
import type { paths } from "./schema";

declare const process: { argv: string[] };

const NDJSON = '{"email": "dee@example.com", "name": "Dee"}\n{"email": "nobody", "name": "E"}\n';
const CSV = "email,name\neve@example.com,Eve\nada@example.com,Ada\n";
const client = createClient<paths>({ baseUrl: process.argv[2] });

function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("The answer has no such part.");
  return value;
}

async function imported(content: string, format: "ndjson" | "csv") {
  const { data } = await client.POST("/api/v1/users/import", {
    params: { query: { format, on_conflict: "skip" } },
    headers: { "Content-Type": "application/octet-stream" },
    body: content,
    bodySerializer: (body) => body,
  });
  return [data?.imported, data?.skipped, data?.rejected];
}

async function pages() {
  const found: string[][] = [];
  let cursor: string | null | undefined;
  do {
    const query = { sort: "-id" as const, limit: 3, ...(cursor ? { cursor } : {}) };
    const { data } = await client.GET("/api/v1/users", { params: { query } });
    found.push(there(data).items.map((item) => item.name));
    cursor = there(data).next_cursor;
  } while (cursor);
  return found;
}

async function filtered() {
  const [after, before] = [-1, 1].map((hours) => new Date(Date.now() + hours * 3_600_000).toISOString());
  const query = { email: "EVE@example.com", created_after: after, created_before: before };
  const found = await client.GET("/api/v1/users", { params: { query } });
  const counted = await client.GET("/api/v1/users", {
    params: { query: { limit: 1 }, header: { Prefer: "count=exact" } },
  });
  return [there(found.data).items.map((item) => item.name), counted.data?.total];
}

async function exported(accept: string) {
  const { data } = await client.GET("/api/v1/users/export", {
    params: { query: { fields: "email,name" } },
    headers: { Accept: accept },
    parseAs: "text",
  });
  return there(data);
}

async function main() {
  const creation = { params: { header: { "Idempotency-Key": "once" } }, body: { email: "ada@example.com", name: "Ada" } };
  const created = await client.POST("/api/v1/users", creation);
  const user = there(created.data);
  const again = there((await client.POST("/api/v1/users", creation)).data);
  if (again.id !== user.id) throw new Error("The key made two users.");
  const one = { user_id: user.id };

  const change = { path: one, header: { "If-Match": there(created.response.headers.get("etag") ?? undefined) } };
  const done = await client.PATCH("/api/v1/users/{user_id}", { params: change, body: { name: "Ada King" } });
  const late = await client.PATCH("/api/v1/users/{user_id}", { params: change, body: { name: "Late" } });

  const first = await client.GET("/api/v1/users/{user_id}", { params: { path: one } });
  const tag = there(first.response.headers.get("etag") ?? undefined);
  const second = await client.GET("/api/v1/users/{user_id}", { params: { path: one, header: { "If-None-Match": tag } } });

  const items = [{ email: "bea@example.com", name: "Bea" }, { email: "cay@example.com", name: "Cay" }];
  const batch = await client.POST("/api/v1/users/batch", { body: { items } });

  const seen = {
    created: user.email,
    changed: [done.data?.name, late.response.status, late.error?.type],
    read: [first.data?.name, second.response.status],
    batch: batch.data?.items.map((item) => item.name),
    imported: [await imported(NDJSON, "ndjson"), await imported(CSV, "csv")],
    pages: await pages(),
    filtered: await filtered(),
    exported: [await exported("application/x-ndjson"), await exported("text/csv")],
  };
  const refused = await client.POST("/api/v1/users", { body: { email: "nobody", name: "A" } });
  const deleted = await client.DELETE("/api/v1/users/{user_id}", { params: { path: one } });
  console.log(
    JSON.stringify({
      ...seen,
      refused: [refused.error?.status, refused.error?.errors?.map((error) => error.pointer)],
      deleted: deleted.response.status,
    }),
  );
}

void main();
