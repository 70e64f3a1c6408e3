// A certified OpenID provider (oidc-provider) on the paths of Microsoft Entra, as an independent judge of requests.
//
//   node server.mjs CONFIG
//
// CONFIG is a JSON file: modules (the node_modules folder), tenant, scopes, tls {key, cert} (PEM texts) and the clients
// {certificate: {id, pem}, secret: {id, secret}, public: {id}, web: {id, secret}}.
//
// The first line on standard output is {"port": N}. After that each line on standard input is a JSON request, answered by
// one line: {"sign_in": {client, challenge, redirect_uri, scope}} plays a user with a browser and gives {"code"} or
// {"error"}; {"events": true} gives what was granted and refused since the last time. It ends with its standard input.

import crypto from 'node:crypto'
import fs from 'node:fs'
import https from 'node:https'
import path from 'node:path'
import readline from 'node:readline'
import { pathToFileURL } from 'node:url'

// Standard output is for the answers; the provider's notes about its development settings are for nobody.
for (const level of ['debug', 'info', 'log', 'warn']) console[level] = () => {}

const config = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'))
const load = (file) => import(pathToFileURL(path.join(config.modules, file)))
const { default: Provider, errors } = await load('oidc-provider/lib/index.js')
const { exportJWK, importX509 } = await load('jose/dist/webapi/index.js')

const { clients, tenant } = config
const sha256 = (bytes) => crypto.createHash('sha256').update(bytes).digest('base64url')
const certificate = new crypto.X509Certificate(clients.certificate.pem)
const key = await importX509(clients.certificate.pem, 'PS256', { extractable: true })
const jwk = { ...(await exportJWK(key)), use: 'sig', alg: 'PS256' }
const userScopes = ['openid', 'profile', 'offline_access']

// The port is in the issuer, so it has to be known first.
const tls = https.createServer({ key: config.tls.key, cert: config.tls.cert })
await new Promise((listening) => tls.listen(0, '127.0.0.1', listening))
const { port } = tls.address()
const issuer = `https://localhost:${port}`

const service = { grant_types: ['client_credentials'], redirect_uris: [], response_types: [], scope: config.scopes.join(' ') }
const user = {
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  redirect_uris: config.redirect_uris,
  scope: [...userScopes, ...config.scopes].join(' '),
}
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: clients.certificate.id,
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'PS256',
      jwks: { keys: [jwk] },
      ...service,
    },
    { client_id: clients.secret.id, client_secret: clients.secret.secret, token_endpoint_auth_method: 'client_secret_post', ...service },
    { client_id: clients.public.id, token_endpoint_auth_method: 'none', application_type: 'native', ...user },
    { client_id: clients.web.id, client_secret: clients.web.secret, token_endpoint_auth_method: 'client_secret_post', application_type: 'native', ...user },
  ],
  scopes: [...userScopes, ...config.scopes],
  clientAuthMethods: ['client_secret_post', 'private_key_jwt', 'none'],
  pkce: { required: () => true },
  features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
  rotateRefreshToken: true,
  issueRefreshToken: async (ctx, client, code) => client.grantTypeAllowed('refresh_token') && code.scopes.has('offline_access'),
  findAccount: (ctx, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  routes: {
    authorization: `/${tenant}/oauth2/v2.0/authorize`,
    token: `/${tenant}/oauth2/v2.0/token`,
    jwks: `/${tenant}/discovery/v2.0/keys`,
  },
  cookies: { keys: [crypto.randomUUID()] },
  // Entra finds the certificate by its thumbprint, of which the provider by itself takes no notice. RFC 7515 wants it unpadded.
  assertJwtClientAuthClaimsAndHeader: async (ctx, claims, header) => {
    if (header['x5t#S256'] !== sha256(certificate.raw)) throw new errors.InvalidClientAuth('x5t#S256 is not that of the certificate')
    if (header.typ !== 'JWT') throw new errors.InvalidClientAuth('typ is not JWT')
    for (const claim of ['nbf', 'jti']) if (!claims[claim]) throw new errors.InvalidClientAuth(`${claim} is missing`)
    if (claims.exp - claims.nbf > 3600) throw new errors.InvalidClientAuth('it lives too long')
  },
  renderError: async (ctx, out) => {
    ctx.type = 'json'
    ctx.body = out
  },
})

const events = []
provider.on('grant.success', (ctx) => events.push({ granted: ctx.oidc.params.grant_type, client: ctx.oidc.client.clientId }))
for (const name of ['grant.error', 'authorization.error', 'server_error']) {
  provider.on(name, (ctx, error) => {
    const why = [error.error_description, error.error_detail, error.cause?.message].filter(Boolean).join(': ')
    events.push({ refused: error.message, why })
  })
}

const app = provider.callback()
// Signs in and consents at once, as a user who never hesitates.
const interact = async (request, response) => {
  const details = await provider.interactionDetails(request, response)
  if (details.prompt.name === 'login') {
    return provider.interactionFinished(request, response, { login: { accountId: 'ada' } }, { mergeWithLastSubmission: false })
  }
  const grant = details.grantId
    ? await provider.Grant.find(details.grantId)
    : new provider.Grant({ accountId: details.session.accountId, clientId: details.params.client_id })
  grant.addOIDCScope(details.params.scope)
  const consent = { grantId: await grant.save() }
  return provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true })
}
tls.on('request', async (request, response) => {
  try {
    if (request.url.startsWith('/interaction/')) return await interact(request, response)
    app(request, response)
  } catch (error) {
    events.push({ refused: 'server', why: String(error) })
    response.statusCode = 500
    response.end()
  }
})

// A browser that keeps cookies and follows redirects until one leads out of the provider.
const get = (url, cookies) =>
  new Promise((answered, failed) => {
    const headers = { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') }
    https.get(url, { headers, ca: config.tls.cert }, (answer) => {
      answer.resume()
      answer.on('end', () => answered(answer))
    }).on('error', failed)
  })
const signIn = async ({ client, challenge, redirect_uri, scope }) => {
  const query = {
    client_id: client, response_type: 'code', redirect_uri, scope, prompt: 'consent',
    state: crypto.randomUUID(), nonce: crypto.randomUUID(), code_challenge: challenge, code_challenge_method: 'S256',
  }
  const cookies = new Map()
  let url = `${issuer}/${tenant}/oauth2/v2.0/authorize?${new URLSearchParams(query)}`
  for (let hops = 0; hops < 12; hops++) {
    const answer = await get(url, cookies)
    for (const cookie of answer.headers['set-cookie'] ?? []) {
      const [name, value] = cookie.split(';')[0].split('=')
      value ? cookies.set(name, value) : cookies.delete(name)
    }
    if (!answer.headers.location) return { error: `the sign-in ended with status ${answer.statusCode}` }
    const next = new URL(answer.headers.location, url)
    if (next.origin !== issuer) {
      if (next.searchParams.get('state') !== query.state) return { error: 'the state was lost' }
      return { code: next.searchParams.get('code'), error: next.searchParams.get('error') ?? undefined }
    }
    url = next.href
  }
  return { error: 'too many redirects' }
}

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)
say({ port })
for await (const line of readline.createInterface({ input: process.stdin })) {
  const request = JSON.parse(line)
  if (request.sign_in) say(await signIn(request.sign_in).catch((error) => ({ error: String(error) })))
  else say({ events: events.splice(0) })
}
process.exit(0)
