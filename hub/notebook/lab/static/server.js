/* Requests to our own part of the user's server; JupyterLab's connection adds the user's login. */

/** Returns what GET sandbox/<name> answers; a refusal becomes JupyterLab's ResponseError, with its hint. */
export async function get(lab, settings, name, parameters = {}) {
  return request(lab, settings, `${name}?${new URLSearchParams(parameters)}`, {});
}

/** Returns what POST sandbox/<name> answers. */
export async function post(lab, settings, name, body) {
  return request(lab, settings, name, { method: 'POST', body: JSON.stringify(body) });
}

/** Returns what DELETE sandbox/<name> answers. */
export async function remove(lab, settings, name) {
  return request(lab, settings, name, { method: 'DELETE' });
}

async function request(lab, settings, name, options) {
  const { ServerConnection } = lab.services;
  const address = lab.coreutils.URLExt.join(settings.baseUrl, 'sandbox', name);
  const response = await ServerConnection.makeRequest(address, options, settings);
  if (response.ok) {
    return response.json();
  }
  const body = await response.json().catch(() => ({}));
  const error = new ServerConnection.ResponseError(response, body.message ?? `${response.status} ${response.statusText}`);
  error.hint = body.hint ?? null;
  throw error;
}
