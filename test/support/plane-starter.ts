import { afterEach } from 'vitest';

import type { TestControlPlane, TestControlPlaneOptions } from '../../src/testing/index.ts';
import { startTestControlPlane } from '../../src/testing/index.ts';

/** Starts control planes for the tests of a file. Each ends with its test, or when the next one is started. */
export function planeStarter(): (options?: TestControlPlaneOptions) => Promise<TestControlPlane> {
  let plane: TestControlPlane | undefined;
  afterEach(async () => plane?.close());
  return async (options) => {
    await plane?.close();
    plane = await startTestControlPlane(options);
    return plane;
  };
}
