/**
 * Loads Alibaba Cloud's SDK, once the process has been prepared for it. Nothing else imports it.
 *
 * - `DEBUG`: with `DEBUG=*` its HTTP library prints request headers, the signature and the security token among
 *   them. It looks at the variable when it is loaded.
 * - It calls `url.parse()`, for which Node 24 prints a deprecation warning (DEP0169) that no user can act on.
 */
export async function loadSdk() {
  delete process.env['DEBUG']
  process.noDeprecation = true
  // "eager" keeps it in the main bundle, which is minified; a chunk of its own would be twice as large.
  const openApi = await import(/* webpackMode: "eager" */ '@alicloud/openapi-client')
  const { RuntimeOptions } = await import(/* webpackMode: "eager" */ '@alicloud/tea-util')
  const { Config, Params, OpenApiRequest } = openApi
  return { Client: openApi.default.default, Config, Params, OpenApiRequest, RuntimeOptions }
}
