// What a program does with the client that @hey-api/openapi-ts generates; prints what it saw as JSON.
import { client } from "./client/client.gen";
import {
  createUser,
  createUsers,
  deleteUser,
  exportUsers,
  getUser,
  importUsers,
  listUsers,
  updateUser,
} from "./client";

declare const process: { argv: string[] };

const NDJSON = '{"email": "dee@example.com", "name": "Dee"}\n{"email": "nobody", "name": "E"}\n';
const CSV = "email,name\neve@example.com,Eve\nada@example.com,Ada\n";
client.setConfig({ baseUrl: process.argv[2] });

function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("The answer has no such part.");
  return value;
}

async function imported(content: string, format: "ndjson" | "csv") {
  const { data } = await importUsers({ body: new Blob([content]), query: { format, on_conflict: "skip" } });
  return [data?.imported, data?.skipped, data?.rejected];
}

async function pages() {
  const found: string[][] = [];
  let cursor: string | null | undefined;
  do {
    const { data } = await listUsers({ query: { sort: "-id", limit: 3, ...(cursor ? { cursor } : {}) } });
    found.push(there(data).items.map((item) => item.name));
    cursor = there(data).next_cursor;
  } while (cursor);
  return found;
}

async function filtered() {
  const [after, before] = [-1, 1].map((hours) => new Date(Date.now() + hours * 3_600_000).toISOString());
  const found = await listUsers({ query: { email: "EVE@example.com", created_after: after, created_before: before } });
  const counted = await listUsers({ query: { limit: 1 }, headers: { Prefer: "count=exact" } });
  return [there(found.data).items.map((item) => item.name), counted.data?.total];
}

async function exported(accept?: string) {
  const { data } = await exportUsers({
    query: { fields: "email,name" },
    ...(accept ? { headers: { Accept: accept }, parseAs: "blob" } : {}),
  });
  return there(data).text();
}

async function main() {
  const creation = { headers: { "Idempotency-Key": "once" }, body: { email: "ada@example.com", name: "Ada" } };
  const created = await createUser(creation);
  const user = there(created.data);
  if (there((await createUser(creation)).data).id !== user.id) throw new Error("The key made two users.");
  const path = { user_id: user.id };

  const headers = { "If-Match": there(created.response?.headers.get("etag") ?? undefined) };
  const done = await updateUser({ path, headers, body: { name: "Ada King" } });
  const late = await updateUser({ path, headers, body: { name: "Late" } });

  const first = await getUser({ path });
  const tag = there(first.response?.headers.get("etag") ?? undefined);
  const second = await getUser({ path, headers: { "If-None-Match": tag } });

  const items = [{ email: "bea@example.com", name: "Bea" }, { email: "cay@example.com", name: "Cay" }];
  const batch = await createUsers({ body: { items } });

  const seen = {
    created: user.email,
    changed: [done.data?.name, late.response?.status, late.error?.type],
    read: [first.data?.name, second.response?.status],
    batch: batch.data?.items.map((item) => item.name),
    imported: [await imported(NDJSON, "ndjson"), await imported(CSV, "csv")],
    pages: await pages(),
    filtered: await filtered(),
    exported: [await exported(), await exported("text/csv")],
  };
  const refused = await createUser({ body: { email: "nobody", name: "A" } });
  const deleted = await deleteUser({ path });
  console.log(
    JSON.stringify({
      ...seen,
      refused: [refused.error?.status, refused.error?.errors?.map((error) => error.pointer)],
      deleted: deleted.response?.status,
    }),
  );
}

void main();
