/**
 * Swagger UI from the files of swagger-ui-dist; index.html and its initializer are ours. Nothing comes from another host,
 * and the content security policy makes that certain.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SWAGGER_UI_FILES, SWAGGER_UI_FOLDER } from '../../contracts/http/docs-pages.ts';

/** Deployed, the files lie beside the bundle (which this module is part of); locally, in node_modules. */
export const findSwaggerUi = (): string => {
  const besideBundle = fileURLToPath(new URL(`./${SWAGGER_UI_FOLDER}/`, import.meta.url));
  return existsSync(besideBundle)
    ? besideBundle
    : dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
};

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.png': 'image/png',
};

/** What may be served from the folder; any other name is unknown, so no path can lead out of it. */
export const swaggerFileType = (name: string): string | undefined =>
  (SWAGGER_UI_FILES as readonly string[]).includes(name) ? TYPES[extname(name)] : undefined;

/** Paths are absolute, because the page answers at /swagger, /swagger/ and /swagger/index.html alike. */
export const SWAGGER_INDEX = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Cronsaga API</title>
    <link rel="stylesheet" href="/swagger/swagger-ui.css">
    <link rel="icon" type="image/png" href="/swagger/favicon-32x32.png" sizes="32x32">
    <link rel="icon" type="image/png" href="/swagger/favicon-16x16.png" sizes="16x16">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/swagger/swagger-ui-bundle.js"></script>
    <script src="/swagger/initializer.js"></script>
  </body>
</html>
`;

/** `validatorUrl: null` keeps the page from sending the document's address to validator.swagger.io. */
export const SWAGGER_INITIALIZER = `window.ui = SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
  layout: 'BaseLayout',
});
`;

/** Swagger UI sets style attributes and shows images from data URLs; scripts come from this host alone. */
export const SWAGGER_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
