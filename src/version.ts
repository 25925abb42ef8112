/** The version of this package, for what talks about it to a server. */
export const VERSION = '0.1.0';

/**
 * The version of the Control Zero SDKs whose protocol this package implements, for what a control plane
 * demands of its readers: the `min_sdk_version` of a bundle is compared with it, and not with `VERSION`,
 * which counts the releases of this package alone. It grows when the package has learned what a newer
 * protocol says.
 *
 * @example
 * ```ts
 * import { PROTOCOL_VERSION, VERSION } from '@controlzero/sdk';
 *
 * console.log(`@controlzero/sdk ${VERSION} reads bundles up to min_sdk_version ${PROTOCOL_VERSION}`);
 * ```
 */
export const PROTOCOL_VERSION = '1.7.6';
