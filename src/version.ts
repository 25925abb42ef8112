/** The version of this package, for what talks about it to a server. */
export const VERSION = '0.1.0';
