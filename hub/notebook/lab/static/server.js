/* Questions to our own part of the user's server; JupyterLab's connection brings what proves who asks. */

/** Returns what GET sandbox/<name> answers; a refusal becomes JupyterLab's ResponseError, with its hint. */
export async function ask(lab, settings, name, parameters = {}) {
  return answer(lab, settings, `${name}?${new URLSearchParams(parameters)}`, {});
}

/** Returns what POST sandbox/<name> answers. */
export async function tell(lab, settings, name, body) {
  return answer(lab, settings, name, { method: 'POST', body: JSON.stringify(body) });
}

async function answer(lab, settings, name, request) {
  const { ServerConnection } = lab.services;
  const address = lab.coreutils.URLExt.join(settings.baseUrl, 'sandbox', name);
  const response = await ServerConnection.makeRequest(address, request, settings);
  if (response.ok) {
    return response.json();
  }
  const told = await response.json().catch(() => ({}));
  const error = new ServerConnection.ResponseError(response, told.message ?? `${response.status} ${response.statusText}`);
  error.hint = told.hint ?? null;
  throw error;
}
