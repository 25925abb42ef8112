import type { NextConfig } from 'next';

const config: NextConfig = {
  // This folder lies inside a repository with a lockfile of its own, which Next would take for the root.
  turbopack: { root: import.meta.dirname },
  // The policy is read while the application runs, so a traced deployment has to be told of it.
  outputFileTracingIncludes: { '/**': ['./controlzero.yaml'] },
};

export default config;
