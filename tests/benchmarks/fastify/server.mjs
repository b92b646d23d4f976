// Fastify: a framework of Node.js, with node-postgres.
//
// What an experienced engineer writes for one table: SQL in the routes, JSON Schema for what comes in and goes out, one
// statement per request, prepared by its name, on connections of a pool without a transaction. The packages stand below
// the directory that is named first on the command line; the port is named second. DSN and POOL_SIZE are read from the
// environment.

import { createRequire } from 'node:module'

const require = createRequire(`${process.argv[2]}/`)
const { fastify } = require('fastify')
const { Pool, types } = require('pg')

const UNIQUE_VIOLATION = '23505'
const NO_TIMES = new Set(['22007', '22008'])

// A Date has milliseconds, and an entity tag needs microseconds. Sessions are in UTC: '2025-01-01 00:00:00.123457+00'.
types.setTypeParser(types.builtins.TIMESTAMPTZ, (text) => `${text.slice(0, 10)}T${text.slice(11, -3)}Z`)

const size = Number(process.env.POOL_SIZE)
const pool = new Pool({
  connectionString: process.env.DSN,
  options: '-c timezone=UTC',
  max: size,
  min: size,
  idleTimeoutMillis: 0
})

const COLUMNS = 'id, email, name, created_at, updated_at'
const GET = { name: 'get', text: `SELECT ${COLUMNS} FROM users WHERE id = $1` }
const LIST = { name: 'list', text: `SELECT ${COLUMNS} FROM users WHERE id > $1 ORDER BY id LIMIT $2` }
const LIST_CREATED_AFTER = {
  name: 'list-created-after',
  text: `SELECT ${COLUMNS} FROM users WHERE id > $1 AND created_at > $2 ORDER BY id LIMIT $3`
}
const CREATE = { name: 'create', text: `INSERT INTO users (email, name) VALUES ($1, $2) RETURNING ${COLUMNS}` }
const UPDATE = {
  name: 'update',
  text: 'UPDATE users SET email = coalesce($1, email), name = coalesce($2, name), updated_at = now() ' +
    `WHERE id = $3 AND updated_at = $4 RETURNING ${COLUMNS}`
}
const EXISTS = { name: 'exists', text: 'SELECT FROM users WHERE id = $1' }

const email = { type: 'string', format: 'email', maxLength: 254 }
const name = { type: 'string', minLength: 1, maxLength: 200 }
const user = {
  type: 'object',
  properties: {
    id: { type: 'integer' },
    email: { type: 'string' },
    name: { type: 'string' },
    created_at: { type: 'string' },
    updated_at: { type: 'string' }
  }
}
const page = {
  type: 'object',
  properties: { items: { type: 'array', items: user }, next: { type: 'integer', nullable: true } }
}
const id = { type: 'integer', maximum: 2 ** 31 - 1 }
const params = { type: 'object', properties: { id } }

async function rows (statement, ...values) {
  return (await pool.query({ ...statement, values })).rows
}

function refusal (statusCode) {
  return Object.assign(new Error('refused'), { statusCode })
}

// The refusal that an error of PostgreSQL stands for, or the error.
function refused (error) {
  if (error.code === UNIQUE_VIOLATION) return refusal(409)
  return NO_TIMES.has(error.code) ? refusal(412) : error
}

function tagged (reply, found) {
  reply.header('etag', `"${found.updated_at}"`)
  return found
}

const app = fastify()

app.get('/api/v1/users/:id', { schema: { params, response: { 200: user } } }, async (request, reply) => {
  const [found] = await rows(GET, request.params.id)
  if (!found) throw refusal(404)
  return tagged(reply, found)
})

const querystring = {
  type: 'object',
  properties: {
    limit: { type: 'integer', minimum: 1, maximum: 100, default: 50 },
    after: { ...id, default: 0 },
    created_after: { type: 'string', format: 'date-time' }
  }
}

app.get('/api/v1/users', { schema: { querystring, response: { 200: page } } }, async (request) => {
  const { limit, after, created_after: createdAfter } = request.query
  const found = createdAfter === undefined
    ? await rows(LIST, after, limit + 1)
    : await rows(LIST_CREATED_AFTER, after, createdAfter, limit + 1)
  return { items: found.slice(0, limit), next: found.length > limit ? found[limit - 1].id : null }
})

const created = { type: 'object', required: ['email', 'name'], properties: { email, name } }

app.post('/api/v1/users', { schema: { body: created, response: { 201: user } } }, async (request, reply) => {
  const { email, name } = request.body
  const [made] = await rows(CREATE, email.toLowerCase(), name).catch((error) => { throw refused(error) })
  reply.code(201).header('location', `/api/v1/users/${made.id}`)
  return tagged(reply, made)
})

const changed = { type: 'object', properties: { email, name } }
const headers = { type: 'object', required: ['if-match'], properties: { 'if-match': { type: 'string' } } }

app.patch('/api/v1/users/:id', { schema: { params, headers, body: changed, response: { 200: user } } }, async (request, reply) => {
  const { email, name } = request.body
  const { id } = request.params
  const version = request.headers['if-match'].replaceAll('"', '')
  const [found] = await rows(UPDATE, email?.toLowerCase(), name, id, version).catch((error) => { throw refused(error) })
  if (!found) throw refusal((await rows(EXISTS, id)).length ? 412 : 404)
  return tagged(reply, found)
})

await app.listen({ host: '127.0.0.1', port: Number(process.argv[3]) })
