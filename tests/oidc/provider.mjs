// A real OpenID provider (the npm package oidc-provider) on a free loopback port, for tests/api/test_oidc.py.
// Prints its issuer. Whoever is set by `PUT /test/account` (JSON: claims) signs in and agrees without being asked.
import http from 'node:http';
import { Provider } from 'oidc-provider';

const [redirectUri, idTokenClaims] = process.argv.slice(2);
let account = { sub: 'nobody' };

const server = http.createServer((request, response) => handle(request, response));
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const client = {
    grant_types: ['authorization_code'],
    response_types: ['code'],
    redirect_uris: [redirectUri],
  };
  const provider = new Provider(issuer, {
    clients: [
      { ...client, client_id: 'volant', client_secret: 'a secret with spaces & signs' },
      { ...client, client_id: 'volant-public', token_endpoint_auth_method: 'none' },
      { ...client, client_id: 'volant-post', client_secret: 'posted', token_endpoint_auth_method: 'client_secret_post' },
    ],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
    scopes: ['openid', 'email', 'profile', 'groups'],
    conformIdTokenClaims: idTokenClaims !== 'in-id-token',
    cookies: { keys: ['only for tests'] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_ctx, interaction) => `/test/interaction/${interaction.uid}` },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ ...account, sub }) }),
    pkce: { required: () => true },
    ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
  });
  provider.on('server_error', (_ctx, error) => console.error(error));
  const callback = provider.callback();

  handle = async (request, response) => {
    if (request.url === '/test/account') {
      const parts = [];
      for await (const part of request) parts.push(part);
      account = JSON.parse(Buffer.concat(parts).toString());
      response.end();
    } else if (request.url.startsWith('/test/interaction/')) {
      const { prompt, params, grantId } = await provider.interactionDetails(request, response);
      if (prompt.name === 'login') {
        return provider.interactionFinished(request, response, { login: { accountId: account.sub } });
      }
      const grant = grantId
        ? await provider.Grant.find(grantId)
        : new provider.Grant({ accountId: account.sub, clientId: params.client_id });
      grant.addOIDCScope(params.scope);
      const consent = { grantId: await grant.save() };
      await provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
    } else {
      callback(request, response);
    }
  };
  console.log(issuer);
});

let handle = (_request, response) => response.writeHead(503).end();
process.stdin.on('end', () => process.exit(0)).resume(); // the test that started it is gone
