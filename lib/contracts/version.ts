/** Version of the API, and of what serves it: the package's. */
export const API_VERSION = '0.1.0';
