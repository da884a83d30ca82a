import { defineLayer } from '../../../generators/engine/layer.ts';

export default defineLayer({
  id: 'authentication/jwt',
  // A host names a tenant and proves nothing: where it is all there is, a token says who the user is.
  when: ({ resolution }) => resolution.includes('jwt') || !resolution.includes('api-key'),
  dependencies: ['jose'],
  environment: [
    { name: 'JWT_ISSUER', about: 'The `iss` of the tokens to accept.', required: true },
    { name: 'JWT_AUDIENCE', about: 'The `aud` of the tokens to accept.', required: true },
    { name: 'JWKS_URL', about: "Where your identity provider's public keys are.", required: true },
    { name: 'JWT_TENANT_CLAIM', about: "The claim that holds the tenant's slug.", example: 'tenant' },
    {
      name: 'JWT_DEV_KEY',
      about: 'Private JWK of the built-in issuer, in place of JWKS_URL. For development; refused in production.',
      secret: true,
    },
  ],
  developmentSecrets: [{ name: 'tokens', from: './secrets/tokens.ts' }],
  config: [{ name: 'jwt', from: './tenancy/resolvers/jwt-config.ts' }],
  firstCredentials: [{ from: './first-credentials/jwt.ts' }],
  resolvers: [
    {
      name: 'jwt',
      from: './resolvers/jwt.ts',
      securityScheme: "{ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }",
    },
  ],
});
