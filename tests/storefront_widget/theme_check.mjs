// What Shopify's own linter says of a theme app extension: one JSON line.
import { createRequire } from "node:module";
const require = createRequire(process.argv[3]);
const { themeCheckRun } = require("@shopify/theme-check-node");
const { offenses } = await themeCheckRun(process.argv[2]);
console.log(JSON.stringify(offenses.map(({ check, message, uri, severity }) => ({ check, message, severity, file: uri.split("/").pop() }))));
