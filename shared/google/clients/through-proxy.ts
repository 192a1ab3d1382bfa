import type { GoogleAuth } from 'google-auth-library';

/**
 * Lets the clients of google-gax take the proxy of `HTTPS_PROXY` and `NO_PROXY`, too. They hand an agent of their own to
 * each request, which knows of no proxy; without it google-auth-library chooses one by the environment. Changes `auth`.
 */
export function throughProxy(auth: GoogleAuth): GoogleAuth {
  const request = auth.fetch.bind(auth);
  auth.fetch = async (...args: Parameters<GoogleAuth['fetch']>) => {
    const init: unknown = args[1];
    // The object is made for this one request.
    if (typeof init === 'object' && init !== null) Reflect.deleteProperty(init, 'agent');
    return request(...args);
  };
  return auth;
}
