import type { NextConfig } from 'next';

const config: NextConfig = {
  // This folder lies inside a repository with a lockfile of its own, which Next would take for the root.
  turbopack: { root: import.meta.dirname },
};

export default config;
