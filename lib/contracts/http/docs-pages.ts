/** Files of swagger-ui-dist that the documentation page needs; a deployment puts them beside the function's bundle. */
export const SWAGGER_UI_FILES = [
  'swagger-ui-bundle.js',
  'swagger-ui.css',
  'favicon-16x16.png',
  'favicon-32x32.png',
] as const;
export const SWAGGER_UI_FOLDER = 'swagger-ui';
