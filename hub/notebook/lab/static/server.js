/* Questions to our own part of the user's server; JupyterLab's connection brings what proves who asks. */

/** Returns what GET sandbox/<name> answers; a refusal becomes JupyterLab's ResponseError, with its hint. */
export async function ask(lab, settings, name, parameters) {
  const { ServerConnection } = lab.services;
  const address = `${lab.coreutils.URLExt.join(settings.baseUrl, 'sandbox', name)}?${new URLSearchParams(parameters)}`;
  const response = await ServerConnection.makeRequest(address, {}, settings);
  if (response.ok) {
    return response.json();
  }
  const told = await response.json().catch(() => ({}));
  const error = new ServerConnection.ResponseError(response, told.message ?? `${response.status} ${response.statusText}`);
  error.hint = told.hint ?? null;
  throw error;
}
