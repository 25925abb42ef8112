/** The routes of the control plane, below its base URL. */
export const ROUTES = {
  bootstrap: '/v1/sdk/bootstrap',
  pull: '/v1/sdk/policies/pull',
  rotations: '/v1/sdk/keys/rotations',
  audit: '/v1/sdk/audit',
  activations: '/v1/sdk/activations',
  stream: '/v1/sdk/stream',
  secrets: '/v1/sdk/secrets',
  secret: '/api/secrets',
} as const;
