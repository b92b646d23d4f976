// An OpenID provider on a free port of this machine. Its first line of output is its issuer; each line of input has it
// sign by a new key from then on, and is answered by a line. It ends when its input does.

import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

import Provider from 'oidc-provider';

const keys = [];

function addKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  keys.unshift({ ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' });
}

// RFC 8707: the token is for the resource that is asked for, and a JWT (RFC 9068).
const getResourceServerInfo = (ctx, resource) => ({
  audience: resource,
  scope: 'users:read users:write',
  accessTokenFormat: 'jwt',
  accessTokenTTL: 300,
  jwt: { sign: { alg: 'RS256' } },
});

// Whatever is asked for is granted: nothing here is about consent.
async function loadExistingGrant(ctx) {
  const { client, session, params } = ctx.oidc;
  const grant = new ctx.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope('openid');
  grant.addResourceScope(params.resource, params.scope);
  await grant.save();
  return grant;
}

const provider = (issuer) => new Provider(issuer, {
  clients: [{
    client_id: 'client-1',
    client_secret: 'the secret of a client that exists in tests only',
    grant_types: ['client_credentials', 'authorization_code'],
    redirect_uris: ['https://client.example.com/callback'],
  }],
  jwks: { keys },
  cookies: { keys: [randomUUID()] },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: { enabled: true, getResourceServerInfo, useGrantedResource: () => true },
  },
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  loadExistingGrant,
  pkce: { required: () => false },
  ttl: { AccessToken: 300, ClientCredentials: 300, Grant: 300, IdToken: 300, Interaction: 300, Session: 300 },
});

let current;

const server = createServer((request, response) => {
  if (request.url.startsWith('/interaction/')) {
    current.interactionFinished(request, response, { login: { accountId: 'ada' } });
  } else {
    current.callback()(request, response);
  }
});

server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const rotate = () => {
    addKey();
    current = provider(issuer);
  };
  rotate();
  console.log(issuer);
  createInterface({ input: process.stdin })
    .on('line', () => { rotate(); console.log('rotated'); })
    .on('close', () => process.exit());
});
