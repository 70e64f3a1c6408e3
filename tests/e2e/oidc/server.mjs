// A certified OpenID provider (oidc-provider) on the paths of Microsoft Entra, as an independent judge of requests.
//
//   node server.mjs CONFIG
//
// CONFIG is a JSON file: modules (the node_modules folder), tenant, scopes, tls {key, cert} (PEM texts) and the clients
// {certificate: {id, pem}, secret: {id, secret}, public: {id}, web: {id, secret}}.
//
// The first line on standard output is {"port": N}. After that each line on standard input is a JSON request, answered by
// one line: {"sign_in": {client, challenge, redirect_uri, scope}} plays a user with a browser and gives {"code"} or
// {"error"}; {"browse": {url, change}} opens an address, with other parameters where `change` says so, and posts the form that
// comes of it to the program that listens, for {"status", "title"}; {"approve": {uri, user_code, decline}} types a device's code
// in; {"wait": error} is answered when something was refused with it; {"events": true} gives what was granted and refused since the
// last time. It ends with its standard input.

import crypto from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import fs from 'node:fs'
import http from 'node:http'
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
const origin = `https://localhost:${port}`
// As Entra's: the tenant is in it, and in every id token.
const issuer = `${origin}/${tenant}/v2.0`

const service = { grant_types: ['client_credentials'], redirect_uris: [], response_types: [], scope: config.scopes.join(' ') }
const user = {
  grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
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
  features: { clientCredentials: { enabled: true }, deviceFlow: { enabled: true }, devInteractions: { enabled: false } },
  claims: { openid: ['sub'], profile: ['preferred_username', 'tid'] },
  // Entra has them in the id token, not in an endpoint of their own.
  conformIdTokenClaims: false,
  rotateRefreshToken: true,
  issueRefreshToken: async (ctx, client, code) => client.grantTypeAllowed('refresh_token') && code.scopes.has('offline_access'),
  findAccount: (ctx, id) => ({ accountId: id, claims: async () => ({ sub: id, preferred_username: `${id}@contoso.test`, tid: tenant }) }),
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  routes: {
    authorization: `/${tenant}/oauth2/v2.0/authorize`,
    device_authorization: `/${tenant}/oauth2/v2.0/devicecode`,
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
const news = new EventEmitter()
provider.on('grant.success', (ctx) => events.push({ granted: ctx.oidc.params.grant_type, client: ctx.oidc.client.clientId }))
for (const name of ['grant.error', 'authorization.error', 'server_error']) {
  provider.on(name, (ctx, error) => {
    const why = [error.error_description, error.error_detail, error.cause?.message].filter(Boolean).join(': ')
    events.push({ refused: error.message, why })
    news.emit('refused')
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

// A browser that keeps cookies and follows redirects. It stops at a page, or before it leaves the provider.
const send = (url, { cookies = new Map(), form, headers = {} } = {}) =>
  new Promise((answered, failed) => {
    const body = form && new URLSearchParams(form).toString()
    const all = { ...headers, cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') }
    if (body) Object.assign(all, { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) })
    const { request } = url.startsWith('https:') ? https : http
    const asked = request(url, { method: form ? 'POST' : 'GET', headers: all, ca: config.tls.cert }, async (answer) => {
      for (const cookie of answer.headers['set-cookie'] ?? []) {
        const [name, value] = cookie.split(';')[0].split('=')
        value ? cookies.set(name, value) : cookies.delete(name)
      }
      const chunks = []
      for await (const chunk of answer) chunks.push(chunk)
      answered({ status: answer.statusCode, location: answer.headers.location, text: Buffer.concat(chunks).toString() })
    })
    asked.on('error', failed)
    asked.end(body)
  })
const visit = async (url, cookies = new Map(), form) => {
  for (let hops = 0; hops < 12; hops++) {
    const page = await send(url, { cookies, form })
    if (!page.location) return { ...page, url }
    url = new URL(page.location, url).href
    form = undefined
    if (new URL(url).origin !== origin) return { left: new URL(url) }
  }
  throw new Error('too many redirects')
}
const text = (escaped) => escaped.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&')
const formOf = (page) => ({
  action: text(/<form [^>]*action="([^"]*)"/.exec(page.text)?.[1] ?? ''),
  fields: Object.fromEntries([...page.text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)].map(([, name, value]) => [name, text(value)])),
})

const signIn = async ({ client, challenge, redirect_uri, scope }) => {
  const query = {
    client_id: client, response_type: 'code', redirect_uri, scope, prompt: 'consent',
    state: crypto.randomUUID(), nonce: crypto.randomUUID(), code_challenge: challenge, code_challenge_method: 'S256',
  }
  const { left, status } = await visit(`${origin}/${tenant}/oauth2/v2.0/authorize?${new URLSearchParams(query)}`)
  if (!left) return { error: `the sign-in ended with status ${status}` }
  if (left.searchParams.get('state') !== query.state) return { error: 'the state was lost' }
  return { code: left.searchParams.get('code'), error: left.searchParams.get('error') ?? undefined }
}
const browse = async ({ url, change = {} }) => {
  const changed = new URL(url)
  for (const [name, value] of Object.entries(change)) changed.searchParams.set(name, value)
  const page = await visit(changed.href)
  if (page.left) return { error: 'the answer came in an address' }
  const { action, fields } = formOf(page)
  if (!action) return { error: `the sign-in ended with status ${page.status}` }
  const shown = await send(action, { form: fields, headers: { origin } })
  return { status: shown.status, title: /<title>([^<]*)/.exec(shown.text)?.[1] }
}
const approve = async ({ uri, user_code, decline }) => {
  const cookies = new Map()
  const { action, fields } = formOf(await visit(uri, cookies))
  const page = await visit(new URL(action, uri).href, cookies, { ...fields, user_code, ...(decline ? { abort: 'yes' } : { confirm: 'yes' }) })
  return { status: page.status }
}

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)
say({ port })
for await (const line of readline.createInterface({ input: process.stdin })) {
  const request = JSON.parse(line)
  const answer = async () => {
    if (request.sign_in) return signIn(request.sign_in)
    if (request.browse) return browse(request.browse)
    if (request.approve) return approve(request.approve)
    if (request.wait) {
      while (!events.some((event) => event.refused === request.wait)) await once(news, 'refused')
    }
    return { events: events.splice(0) }
  }
  say(await answer().catch((error) => ({ error: String(error) })))
}
process.exit(0)
