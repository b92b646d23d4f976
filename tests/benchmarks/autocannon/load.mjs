// Puts load on servers with autocannon, which stands below the directory that is named on the command line.
//
// An order is a line of JSON on standard input, {url, connections, requests}, and each is answered by one on standard
// output. The requests are dealt out to the connections in turn; each connection sends its next one when the last is
// answered. A request that is `tagged` carries the entity tag of the answer before it, on its connection, as If-Match.
// One process takes all orders, so that its code is compiled by the time that anything counts.

import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

const autocannon = createRequire(`${process.argv[2]}/`)('autocannon')

function entityTag (headers) {
  return Object.entries(headers).find(([name]) => name.toLowerCase() === 'etag')?.[1]
}

// What a connection sends, as autocannon wants it. Only tagged requests are made when they are sent.
function tagging (requests) {
  let last
  const onResponse = (_status, _body, _context, headers) => { last = entityTag(headers) }
  return requests.map(({ tagged, ...request }) => ({
    ...request,
    onResponse,
    ...(tagged && { setupRequest: (made) => ({ ...made, headers: { ...made.headers, 'If-Match': last } }) })
  }))
}

async function put ({ url, connections, requests }) {
  const answers = { statuses: {}, latencies: [] }
  const met = new Set()
  let started, ended, client = 0
  const run = autocannon({
    url,
    connections,
    amount: requests.length,
    sampleInt: 20, // milliseconds until it notices that all is done
    setupClient: (connection) => {
      const mine = requests.filter((_, index) => index % connections === client)
      connection.setRequests(mine.some(({ tagged }) => tagged) ? tagging(mine) : mine)
      client += 1
    }
  })
  run.on('start', () => { started = performance.now() })
  run.on('response', (connection, status, _bytes, milliseconds) => {
    ended = performance.now()
    answers.statuses[status] = (answers.statuses[status] ?? 0) + 1
    // The first of a connection had to wait for the connection.
    if (met.has(connection)) answers.latencies.push(milliseconds)
    met.add(connection)
  })
  const before = process.cpuUsage()
  const { errors } = await run
  const { user, system } = process.cpuUsage(before)
  return { ...answers, errors, seconds: (ended - started) / 1e3, cpu: (user + system) / 1e6 }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await put(JSON.parse(line))))
}
